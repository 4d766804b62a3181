import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STATUS } from '#api/http/problem.ts';
import { MAX_WAIT_SECONDS } from '#api/http/request-headers.ts';
import { ROUTES } from '#api/http/routes.ts';
import { MANIFEST_FIELDS } from '#catalog/check-manifest.ts';
import { limitsOf } from '#catalog/manifest.ts';
import {
  DEFAULT_DEADLINE_SECONDS,
  LIMIT_NAMES,
  MAX_BATCH_ITEMS,
  MAX_DEADLINE_SECONDS,
  MAX_INLINE_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_TRANSFER_BYTES,
  MAX_TRANSFER_JSON_BYTES,
  MAX_UNCHARGED_LOSSES,
  MODEL_LIMITS,
  RETENTION_SECONDS,
  storableError,
  TRANSFER_SECONDS,
} from '#core';
import { ENV } from '#platform/environment.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';
import { bill, idleBill, total } from '../../scripts/cost/bill.ts';
import { spreadBill } from '../../scripts/cost/spread.ts';
import { ROOT } from '../architecture/cruise.ts';
import { names, readPage, tableRows } from './pages.ts';

const firstCells = (path: string, heading: string): string[] =>
  tableRows(readPage(path).text, heading).flatMap(([cell = '']) => names(cell));

describe('the configuration page', () => {
  it('explains every environment variable, and no other', () => {
    expect(firstCells('docs/configuration.md', 'variable').toSorted()).toEqual(Object.values(ENV).toSorted());
  });

  it('explains every setting of .env.example, and no other', () => {
    const example = readFileSync(`${ROOT}/.env.example`, 'utf8');
    const settings = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);

    expect(firstCells('docs/configuration.md', 'setting').toSorted()).toEqual(settings.toSorted());
  });
});

describe('the table of manifest fields', () => {
  const rows = tableRows(readPage('docs/configuration.md').text, 'field').map(([field = '', ...cells]) => ({
    field: names(field)[0],
    cells,
  }));

  it('states what the check of manifests accepts, and what holds otherwise', () => {
    const declared = Object.entries(MANIFEST_FIELDS).map(([field, { rule, default: fallback, otherwise }]) => ({
      field,
      cells: [rule(Symbol('no such value')), otherwise ?? String(fallback)],
    }));

    expect(rows.map(({ field, cells }) => ({ field, cells: cells.slice(0, 2) }))).toEqual(declared);
  });

  it('says of limits what OpenAPI says', () => {
    for (const name of LIMIT_NAMES) {
      expect(rows.find(({ field }) => field === name)?.cells[2]).toBe(MODEL_LIMITS[name].meaning);
    }
  });
});

describe('the page of the HTTP API', () => {
  it('lists every route, and no other', () => {
    const routes = ROUTES.map(({ method, path }) => `${method} ${path}`);

    expect(firstCells('docs/http-api.md', 'route').toSorted()).toEqual(routes.toSorted());
  });

  it('lists every problem with its status', () => {
    const rows = tableRows(readPage('docs/http-api.md').text, 'type').map(([type = '', status]) => [
      names(type)[0]?.replace('/problems/', '').replaceAll('-', '_'),
      Number(status),
    ]);

    expect(Object.fromEntries(rows)).toEqual(STATUS);
  });

  it('states the limits of the code', () => {
    const defaults = limitsOf({ name: 'any', description: 'Any.' });
    const { message } = storableError({ code: 'internal', message: 'a'.repeat(100_000) });
    const days = (seconds: number) => `${seconds / 86_400} day${seconds === 86_400 ? '' : 's'}`;

    expect(Object.fromEntries(tableRows(readPage('docs/http-api.md').text, 'limit'))).toEqual({
      'request in one call, as protobuf': `${MAX_PAYLOAD_BYTES / 2 ** 20} MiB`,
      'uploaded request or linked result, as protobuf': `${MAX_TRANSFER_BYTES / 2 ** 30} GiB`,
      'the same, as JSON': `${MAX_TRANSFER_JSON_BYTES / 2 ** 20} MiB`,
      'time to use an address': `${TRANSFER_SECONDS / 60} minutes`,
      'payload that travels inside the message or row': `${MAX_INLINE_BYTES / 2 ** 10} KiB`,
      'default deadline': days(DEFAULT_DEADLINE_SECONDS),
      'longest deadline': days(MAX_DEADLINE_SECONDS),
      'kept after the deadline': days(RETENTION_SECONDS),
      'longest wait of a request': `${MAX_WAIT_SECONDS} s`,
      'attempts, by default': String(defaults.maxAttempts),
      'error message of a model': `${message.length.toLocaleString('en')} characters`,
      'one run, by default': `${defaults.timeoutSeconds} s`,
      'instances of a model, by default': String(defaults.maxInstances),
      'tasks per page': '100',
      'requests in a batch': `${MAX_BATCH_ITEMS.toLocaleString('en')}, in a body of ${MAX_PAYLOAD_BYTES / 2 ** 20} MiB; on AWS 6 MB`,
    });
  });
});

it('the page on the worker states how many lost deliveries are free of charge', () => {
  expect(readPage('docs/2-worker.md').text).toContain(`Up to ${MAX_UNCHARGED_LOSSES} lost deliveries`);
});

describe('the AWS page', () => {
  const { text } = readPage('docs/6-aws.md');
  const rows = (heading: string) =>
    tableRows(text, heading).map(([name = '', ...others]) => [names(name)[0] ?? name, ...others]);

  it('lists every stage', () => {
    const stages = rows('stage').flatMap(([name]) => (name && name in STAGES ? [name] : []));

    expect(new Set(stages)).toEqual(new Set(Object.keys(STAGES)));
  });

  it('states the cost that npm run cost computes, and the README the same', () => {
    const predictions = { predictions: 1_000_000, ms: 100 };
    const prod = total(bill({ ...STAGES.prod, api: 'rest' }, predictions));
    const lean = total(bill({ ...STAGES.lean, api: 'none' }, predictions));
    const costs = new Map(
      rows('stage')
        .map(([name, ...cost]) => [name, cost.join(' ')])
        .filter(([, cost]) => /^\d+\.\d\d \d+\.\d\d$/.test(cost ?? '')) as [string, string][],
    );
    const [prodSpread, leanSpread] = [
      total(spreadBill({ ...STAGES.prod, api: 'rest' }, predictions)),
      total(spreadBill({ ...STAGES.lean, api: 'none' }, predictions)),
    ];
    const idle = total(idleBill(3)).toFixed(2);

    expect(Object.fromEntries(costs)).toEqual({
      prod: `${prod.toFixed(2)} ${prodSpread.toFixed(2)}`,
      lean: `${lean.toFixed(2)} ${leanSpread.toFixed(2)}`,
      'a month in which everything sleeps': `${idle} ${idle}`,
    });
    expect(readPage('README.md').text.replaceAll('\n', ' ')).toContain(
      `A million predictions cost about $${prod.toFixed(1)}0 on \`prod\` and $${lean.toFixed(1)}0 on \`lean\``,
    );
  });
});
