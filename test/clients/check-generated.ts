import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

/**
 * Generates clients from the document of a running system and predicts with each: npm run clients:check. Needs Python,
 * Java, Go and the registries of npm and PyPI. Fails on a warning about the document.
 */
const TOOLS = ['openapi-python-client==0.29.1', 'ruff', 'openapi-generator-cli==7.26.0', 'mypy==2.4.1'];
const LIBRARIES = ['pydantic', 'urllib3', 'python-dateutil', 'typing-extensions'];
const NPM_TOOLS = ['@types/node@24.19.2', 'openapi-typescript@7.13.0', 'openapi-fetch@0.17.0', 'typescript@5.9.3'];
/**
 * What openapi-generator says of every document with a text in it, and that its Python client calls the parameter `from`
 * otherwise.
 */
const REMARKS = /Failed to get the schema name: null|From \(reserved word\) cannot be used as model name/;

const TYPESCRIPT = `
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';
const client = createClient<paths>({ baseUrl: String(process.argv[2]) });
const { data } = await client.POST('/predict/model_a', { body: { data: 'hi' } });
console.log(data?.state, data?.result?.message);
`;
const PYTHON_CLIENT = `
import sys; sys.path.insert(0, "httpx-client")
from modelyard_client import Client
from modelyard_client.api.model_a import predict_model_a
from modelyard_client.models import ModelARequest
task = predict_model_a.sync(client=Client(base_url=sys.argv[1]), body=ModelARequest(data="hi"))
print(task.state, task.result.message)
`;
/** Its types are those of `modelyard types`. */
const OWN_PYTHON = `
import sys
from models import Client, ModelARequest
client = Client(sys.argv[1])
request: ModelARequest = {"data": "hi", "messages": [{"role": "ROLE_USER", "text": "hi"}]}
message: str = client.predict("model_a", request)["message"]
task = client.wait(client.submit("model_a", request).id)
print(task.state, message, [item.error for item in client.batch("model_a", [request])])
`;
/** A fault in each line. */
const WRONG_PYTHON = `
from models import Client
Client().predict("model_x", {"data": "hi"})
Client().predict("model_a", {"dat": "hi"})
Client().submit("model_a", {"data": 1})
Client().predict("model_a", {"data": "hi"})["text"]
`;
const PYTHON = `
import sys; sys.path.insert(0, "python")
import openapi_client as client
api = client.ModelAApi(client.ApiClient(client.Configuration(host=sys.argv[1])))
task = api.predict_model_a(client.ModelAModelARequest(data="hi"))
print(task.state, task.result.message)
`;
const GO = `package main

import (
	"context"
	"fmt"
	"os"

	client "example.com/client"
)

func main() {
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: os.Args[1]}}
	request := client.NewModelAModelARequest()
	request.SetData("hi")
	api := client.NewAPIClient(configuration).ModelAAPI
	task, _, err := api.PredictModelA(context.Background()).ModelAModelARequest(*request).Execute()
	if err != nil {
		panic(err)
	}
	result := task.GetResult()
	fmt.Println(task.GetState(), result.GetMessage())
}
`;
const GO_MODULE = `module example.com/main

go 1.18

require example.com/client v0.0.0

replace example.com/client => ../go
`;

const COMMAND = fileURLToPath(new URL('../../bin/modelyard.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../model-containers/python', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'modelyard-clients-'));
const bin = join(folder, 'venv', 'bin');
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => rm(folder, { recursive: true, force: true }));
const system = cleanup.use(await EmbeddedSystem.start());

const python = { PYTHONPATH: PACKAGE, MYPYPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: '1' };
const env = { ...process.env, ...python, PATH: `${bin}:${process.env.PATH}`, GOFLAGS: '-mod=mod' };
const run = async (program: string, args: readonly string[], cwd = folder): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, env, maxBuffer: 2 ** 26 });
  return stderr + stdout;
};
const modelyard = (args: readonly string[]) => run(process.execPath, [COMMAND, ...args, '--url', system.url]);
const warningsIn = (text: string) => text.split('\n').filter((line) => /\bwarn/i.test(line) && !REMARKS.test(line));

const document = await (await system.fetch('/openapi.json?json_only=true')).text();
await Promise.all([
  run('python3', ['-m', 'venv', 'venv']).then(() => run('pip', ['install', '--quiet', ...TOOLS, ...LIBRARIES])),
  run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', folder, ...NPM_TOOLS]),
  writeFile(join(folder, 'api.json'), document),
  writeFile(join(folder, 'first.py'), PYTHON_CLIENT),
  writeFile(join(folder, 'second.py'), PYTHON),
  writeFile(join(folder, 'third.mts'), TYPESCRIPT),
  writeFile(join(folder, 'own.py'), OWN_PYTHON),
  writeFile(join(folder, 'wrong.py'), WRONG_PYTHON),
  modelyard(['types', '--language', 'python']).then((types) => writeFile(join(folder, 'models.py'), types)),
  mkdir(join(folder, 'main')),
]);
await writeFile(join(folder, 'main', 'main.go'), GO);
await writeFile(join(folder, 'main', 'go.mod'), GO_MODULE);

const npmBin = (name: string) => join(folder, 'node_modules', '.bin', name);
const generator = (language: string) => ['generate', '-i', 'api.json', '-g', language, '-o', language];
const said = await Promise.all([
  run(npmBin('openapi-typescript'), ['api.json', '--output', 'api.d.ts']),
  run('openapi-python-client', ['generate', '--path', 'api.json', '--output-path', 'httpx-client']),
  run('openapi-generator-cli', generator('python')),
  run('openapi-generator-cli', generator('go')),
]);
const warnings = said.flatMap(warningsIn);
const module = join(folder, 'go', 'go.mod');
await writeFile(
  module,
  (await readFile(module, 'utf8')).replace('github.com/GIT_USER_ID/GIT_REPO_ID', 'example.com/client'),
);

const CHECKED = ['--noEmit', '--strict', '--skipLibCheck', '--allowImportingTsExtensions', '--module', 'nodenext'];
await run(npmBin('tsc'), [...CHECKED, 'third.mts']);
await run('mypy', ['--strict', 'own.py']);
const faults = await run('mypy', ['--strict', 'wrong.py']).catch(({ stdout }) => String(stdout));
const answers = {
  'openapi-typescript and openapi-fetch': await run(process.execPath, ['third.mts', system.url]),
  'the Python client with its types': await run('python', ['own.py', system.url]),
  'openapi-python-client': await run('python', ['first.py', system.url]),
  'openapi-generator, Python': await run('python', ['second.py', system.url]),
  'openapi-generator, Go': await run('go', ['run', '.', system.url], join(folder, 'main')),
};
for (const [name, answer] of Object.entries(answers))
  process.stdout.write(`${name}: ${answer.trim().split('\n').at(-1)}\n`);
for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
const isChecked = [3, 4, 5, 6].every((line) => faults.includes(`wrong.py:${line}: error:`));
if (!isChecked) process.stdout.write(`mypy finds too few faults with the types of the Python client:\n${faults}\n`);
const hasFailed = Object.values(answers).some((answer) => !answer.includes('succeeded Processed message: hi'));
process.stdout.write(`${warnings.length} warnings\n`);
process.exitCode = hasFailed || !isChecked || warnings.length > 0 ? 1 : 0;
