import { describe, expect, it } from 'vitest';
import { HeaderFields } from '#api/http/headers.ts';
import { submitOptions } from '#api/http/request-headers.ts';
import { PARAMETER_COMPONENTS } from '#api/openapi/headers.ts';
import { MAX_DEADLINE_SECONDS, MAX_TIMEOUT_SECONDS } from '#core';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const options = (...headers: [name: string, value: string][]) => submitOptions(new HeaderFields(headers));

describe('the headers of a submit', () => {
  it('may all be left out', () => {
    expect(options()).toEqual({});
  });

  it('are read in any case', () => {
    const read = options(
      ['IDEMPOTENCY-KEY', 'order-17'],
      ['task-deadline', '60'],
      ['Task-timeout', '5'],
      ['TraceParent', TRACE],
      ['tracestate', 'a=1'],
      ['Tracestate', 'b=2'],
    );

    expect(read).toEqual({
      idempotencyKey: 'order-17',
      deadlineSeconds: 60,
      timeoutSeconds: 5,
      trace: { traceparent: TRACE, tracestate: 'a=1, b=2' },
    });
  });

  it('take an Idempotency-Key of 255 characters', () => {
    expect(options(['Idempotency-Key', 'k'.repeat(255)]).idempotencyKey).toHaveLength(255);
  });

  it('take a Routing-Key', () => {
    expect(options(['Routing-Key', 'customer-7'])).toEqual({ routingKey: 'customer-7' });
    expect(() => options(['Routing-Key', 'two words'])).toThrow('Routing-Key');
  });

  it.each(['', 'k'.repeat(256), 'two words', 'schlüssel', 'tab\there'])('refuse the Idempotency-Key %j', (key) => {
    expect(() => options(['Idempotency-Key', key])).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining('Idempotency-Key') }),
    );
  });

  it('take a Task-Priority', () => {
    for (const priority of ['low', 'normal', 'high']) {
      expect(options(['Task-Priority', priority])).toEqual({ priority });
    }
    for (const wrong of ['', 'urgent', 'High', '1']) {
      expect(() => options(['Task-Priority', wrong])).toThrow('Task-Priority');
    }
  });

  it.each(['Task-Deadline', 'Task-Timeout', 'Task-Priority', 'Idempotency-Key', 'Routing-Key'])(
    'refuse %s sent twice',
    (name) => {
      expect(() => options([name, '1'], [name, '2'])).toThrow(
        expect.objectContaining({ code: 'invalid_request', message: `The ${name} header must be sent once.` }),
      );
    },
  );

  describe.each([
    ['Task-Deadline', MAX_DEADLINE_SECONDS],
    ['Task-Timeout', MAX_TIMEOUT_SECONDS],
  ])('%s', (name, max) => {
    it('is accepted up to the bound that OpenAPI states', () => {
      const { deadlineSeconds, timeoutSeconds } = options([name, String(max)]);
      const parameters = Object.values(PARAMETER_COMPONENTS) as { name: string; schema: { maximum?: number } }[];

      expect(deadlineSeconds ?? timeoutSeconds).toBe(max);
      expect(parameters.find((parameter) => parameter.name === name)?.schema.maximum).toBe(max);
    });

    it.each(['0', '-5', '1.5', '1e3', 'soon', '', '+5', String(max + 1), '99999999999999999999'])(
      'is refused when it is %j',
      (value) => {
        expect(() => options([name, value])).toThrow(
          expect.objectContaining({
            code: 'invalid_request',
            message: `The ${name} header must be a whole number of seconds from 1 to ${max}.`,
          }),
        );
      },
    );
  });

  it('name a webhook and its events', () => {
    expect(options(['Webhook-Url', ' https://example.com/hook '])).toEqual({
      webhook: { url: 'https://example.com/hook' },
    });
    expect(options(['Webhook-Url', 'http://127.0.0.1:9/'], ['Webhook-Events', 'task.failed, task.expired'])).toEqual({
      webhook: { url: 'http://127.0.0.1:9/', events: ['task.failed', ' task.expired'] },
    });
  });

  it('refuse events without a receiver', () => {
    expect(() => options(['Webhook-Events', 'task.failed'])).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: 'The Webhook-Events header needs a Webhook-Url header.',
      }),
    );
  });

  it('refuse two webhooks', () => {
    expect(() => options(['Webhook-Url', 'https://a.example/'], ['Webhook-Url', 'https://b.example/'])).toThrow(
      expect.objectContaining({ message: expect.stringContaining('Webhook-Url') }),
    );
  });
});

describe('the trace of a submit', () => {
  it.each([
    TRACE.toUpperCase(),
    TRACE.slice(0, -1),
    `${TRACE}-more`,
    TRACE.replace('00-', 'ff-'),
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    'nonsense',
  ])('is ignored when its traceparent is %s', (traceparent) => {
    expect(options(['traceparent', traceparent], ['tracestate', 'a=1']).trace).toBeUndefined();
  });

  it('is ignored when there are two', () => {
    expect(options(['traceparent', TRACE], ['traceparent', TRACE]).trace).toBeUndefined();
  });

  it('may be of a later version, with more behind it', () => {
    const traceparent = `${TRACE.replace('00-', '01-')}-more`;

    expect(options(['traceparent', traceparent]).trace).toEqual({ traceparent });
  });

  it('goes on without a state too long to carry', () => {
    expect(options(['traceparent', TRACE], ['tracestate', 'a'.repeat(513)]).trace).toEqual({ traceparent: TRACE });
  });
});
