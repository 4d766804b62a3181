import { addressOf } from './api.ts';

/** A prediction as code to copy, by language. With users, it takes an API key from the environment. */
export function callsOf(model: string, request: unknown, hasUsers: boolean): Readonly<Record<string, string>> {
  const url = addressOf(`/predict/${model}`);
  const body = JSON.stringify(request);
  return {
    curl: `curl -X POST ${url} \\
  -H "Content-Type: application/json" \\
${hasUsers ? '  -H "Authorization: Bearer $MODELYARD_TOKEN" \\\n' : ''}  -d '${body.replaceAll("'", "'\\''")}'`,
    TypeScript: `const answer = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json'${hasUsers ? ", Authorization: 'Bearer ' + process.env.MODELYARD_TOKEN" : ''} },
  body: JSON.stringify(${JSON.stringify(request, null, 2).replaceAll('\n', '\n  ')}),
});
const { result } = await answer.json();
console.log(result);`,
    Python: `import json
${hasUsers ? 'import os\n' : ''}import urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(json.loads(${JSON.stringify(body)})).encode(),
    headers={"Content-Type": "application/json"${hasUsers ? ', "Authorization": "Bearer " + os.environ["MODELYARD_TOKEN"]' : ''}},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["result"])`,
  };
}
