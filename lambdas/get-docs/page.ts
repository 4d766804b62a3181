export const START_FILE = 'start.js';

/** Starts Swagger UI. All URLs are relative, so the page works below any path. */
export const START_SCRIPT = `const root = document.getElementById('swagger-ui');
SwaggerUIBundle({
  domNode: root,
  url: new URL(root.dataset.openapi, location.href).href,
  deepLinking: true,
  displayRequestDuration: true,
  supportedSubmitMethods: ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'],
  fileUploadMediaTypes: ['application/x-protobuf', 'application/octet-stream'],
  validatorUrl: null,
});
`;

/** No other origins, no inline scripts, no framing. Swagger UI's styles use data: images. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The HTML of the page. `addressOf` returns the relative URL of a file. */
export const pageHtml = (addressOf: (file: string) => string, openApiAddress: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Modelyard API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${addressOf('swagger-ui.css')}">
  </head>
  <body>
    <div id="swagger-ui" data-openapi="${openApiAddress}"></div>
    <noscript>This page needs JavaScript. What it shows is in <a href="${openApiAddress}">openapi.json</a>.</noscript>
    <script src="${addressOf('swagger-ui-bundle.js')}"></script>
    <script src="${addressOf(START_FILE)}"></script>
  </body>
</html>
`;
