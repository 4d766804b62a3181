/**
 * Starts Swagger UI. All URLs are relative, so the page works below any path. Every error is a problem, whose schema
 * stands once at the end of the page: a sample per error would make an operation ten screens long.
 *
 * The plugin `Accessible` and `addAttributes` add the landmarks, headings and labels that Swagger UI lacks.
 */
export const START_SCRIPT = `const root = document.getElementById('swagger-ui');
const ShortErrors = () => ({
  wrapComponents: {
    response: (Response, { React, getComponent }) => (props) => {
      if (Number(props.code) < 400) return React.createElement(Response, props);
      const Markdown = getComponent('Markdown', true);
      return React.createElement(
        'tr',
        { className: 'response', 'data-code': props.code },
        React.createElement('td', { className: 'response-col_status' }, props.code),
        React.createElement(
          'td',
          { className: 'response-col_description', colSpan: 2 },
          React.createElement(Markdown, { source: props.response.get('description') }),
        ),
      );
    },
  },
});
const within = (tag, attributes) => (Original, { React }) => (props) =>
  React.createElement(tag, attributes, React.createElement(Original, props));
const Accessible = () => ({
  wrapComponents: {
    InfoContainer: within('div', { role: 'banner' }),
    ServersContainer: within('section', { 'aria-label': 'Servers' }),
    operations: (Original, { React }) => (props) =>
      React.createElement(
        React.Fragment,
        null,
        React.createElement('h2', { className: 'unseen' }, 'Operations'),
        React.createElement(Original, props),
      ),
    // A link inside of the button that folds and unfolds.
    DeepLink: (_, { React }) => ({ text }) => React.createElement('span', null, text),
  },
});
const controlsIn = (places) =>
  places.flatMap((place) => ['select', 'textarea', 'input'].map((control) => place + ' ' + control)).join();
const ATTRIBUTES = [
  [controlsIn(['.servers']), () => ({ 'aria-label': 'Server' })],
  [
    controlsIn(['[data-param-name]']),
    (control) => ({ 'aria-label': control.closest('[data-param-name]').dataset.paramName }),
  ],
  [controlsIn(['.opblock-section-request-body']), () => ({ 'aria-label': 'Request body' })],
  ['.responses-table[role=region]', (table) => ({ 'aria-label': 'Responses of ' + table.id })],
  ['.modal-ux', () => ({ role: 'dialog', 'aria-modal': 'true', 'aria-label': 'Authorize' })],
  ['.modal-ux-header h3', () => ({ 'aria-level': '2' })],
  ['.modal-ux-content h4', () => ({ 'aria-level': '3' })],
  ['.modal-ux-content h6', () => ({ 'aria-level': '4' })],
  ['.modal-ux .close-modal', () => ({ 'aria-label': 'Close the dialog' })],
  ['.modal-ux .modal-btn', (button) => ({ 'aria-label': button.textContent })],
];
function addAttributes() {
  for (const [selector, attributesOf] of ATTRIBUTES) {
    for (const element of root.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributesOf(element))) element.setAttribute(name, value);
    }
  }
}
let dialog = null;
/** The focus goes into a dialog that opens, and back to its button when it closes. */
function followDialog() {
  const shown = root.querySelector('.modal-ux');
  if (shown === dialog) return;
  dialog = shown;
  (shown ? shown.querySelector('.close-modal') : root.querySelector('.auth-wrapper .authorize'))?.focus();
}
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') dialog?.querySelector('.close-modal').click();
});
new MutationObserver(() => {
  addAttributes();
  followDialog();
}).observe(root, { childList: true, subtree: true });
SwaggerUIBundle({
  plugins: [ShortErrors, Accessible],
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  domNode: root,
  url: new URL(root.dataset.openapi, location.href).href,
  deepLinking: true,
  displayRequestDuration: true,
  syntaxHighlight: { theme: 'tomorrow-night' },
  supportedSubmitMethods: ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'],
  fileUploadMediaTypes: ['application/x-protobuf', 'application/octet-stream'],
  validatorUrl: null,
});
`;
