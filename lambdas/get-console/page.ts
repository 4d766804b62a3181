import type { ConsoleFiles } from './files.ts';

/** The HTML of the console. Its URLs are relative, so it works below the path of a stage. */
export function consoleHtml(files: ConsoleFiles): string {
  const fileOf = (pattern: RegExp) => [...files.keys()].find((name) => pattern.test(name)) ?? '';
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Modelyard</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="console/${fileOf(/^main-.*\.css$/)}">
    <script type="module" src="console/${fileOf(/^main-.*\.js$/)}"></script>
  </head>
  <body>
    <div id="root"></div>
    <noscript>This page needs JavaScript. The API is described in <a href="openapi.json">openapi.json</a>.</noscript>
  </body>
</html>
`;
}
