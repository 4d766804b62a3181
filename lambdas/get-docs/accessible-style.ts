/**
 * Colours with enough contrast, in place of those of Swagger UI. Each method keeps its hue. Nothing moves or fades for
 * readers who have asked for that.
 */
export const STYLE = `.unseen {
  position: absolute;
  left: -100rem;
}
.swagger-ui .info .title small { background: #565d6b; }
.swagger-ui .info .title small.version-stamp { background: #4b6a02; }
.swagger-ui .info .title small pre.version { color: #fff; }
.swagger-ui .info a, .swagger-ui .info .base-url, .swagger-ui .info .url, .swagger-ui a.link { color: #1d4fb8; }
.swagger-ui .btn.authorize { color: #17653a; border-color: #17653a; }
.swagger-ui .btn.authorize svg { fill: #17653a; }
.swagger-ui .btn.cancel, .swagger-ui .try-out__btn.cancel { color: #a3172a; border-color: #a3172a; }
.swagger-ui .btn.execute { background: #1d4fb8; border-color: #1d4fb8; }
.swagger-ui .download-contents { background: #4a505e; color: #fff; }
.swagger-ui .json-schema-2020-12-expand-deep-button { color: #4a505e; }
.swagger-ui .parameter__in, .swagger-ui .parameter__type, .swagger-ui .prop-format { color: #565656; }
.swagger-ui .parameter__name.required::after, .swagger-ui .parameter__name.required span,
.swagger-ui .opblock-body .required, .swagger-ui .parameter__deprecated { color: #a3172a; }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1a5ea8; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #17653a; }
.swagger-ui .opblock.opblock-put .opblock-summary-method { background: #8a4b00; }
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0c6a58; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #a3172a; }
@media (prefers-reduced-motion: reduce) {
  .swagger-ui, .swagger-ui * { animation: none !important; transition: none !important; }
}
`;
