import { describe, expect, it } from 'vitest';
import { parseLoadOptions } from './options.ts';

describe('the arguments of npm run load', () => {
  it('are those of a run of 10 seconds on this machine unless told otherwise', () => {
    const parsed = parseLoadOptions([]);

    expect(parsed).toEqual({
      run: {
        url: 'http://localhost:8000',
        model: 'model_a',
        rate: 50,
        seconds: 10,
        body: undefined,
        headers: {},
        patience: 60,
        inFlight: 5000,
        into: expect.stringMatching(/test\/bench\/reports$/),
      },
    });
  });

  it('say what to send, how, and where to write', () => {
    const parsed = parseLoadOptions([
      ...['--url', 'https://api.test/prod/', '--rate', '0.5', '--body', '{"data": "x"}'],
      ...['--header', 'x-api-key: a:b', '--header=Accept:x', '--into', 'reports'],
    ]);

    expect(parsed).toMatchObject({
      run: {
        url: 'https://api.test/prod',
        rate: 0.5,
        headers: { 'x-api-key': 'a:b', Accept: 'x' },
        body: '{"data": "x"}',
        into: 'reports',
      },
    });
  });

  it.each([
    ['--rate', '0', '--rate must be a number above 0, not "0". Try --help.'],
    ['--rate', '-5', '--rate must be a number above 0, not "-5". Try --help.'],
    ['--rate', 'fast', '--rate must be a number above 0, not "fast". Try --help.'],
    ['--rate', '', '--rate must be a number above 0, not "". Try --help.'],
    ['--rate', 'Infinity', '--rate must be a number above 0, not "Infinity". Try --help.'],
    ['--seconds', '-0.1', '--seconds must be a number above 0, not "-0.1". Try --help.'],
    ['--seconds', '1e6', 'One run sends at most 2000000 requests. Try --help.'],
    ['--patience', '0', '--patience must be a number above 0, not "0". Try --help.'],
    ['--in-flight', '1.5', '--in-flight must be a whole number above 0, not "1.5". Try --help.'],
    [
      '--url',
      'localhost:8000',
      '--url must be a URL that begins with http:// or https://, not "localhost:8000". Try --help.',
    ],
    ['--url', 'http://', '--url must be a URL that begins with http:// or https://, not "http://". Try --help.'],
    ['--body', '{data', '--body must be JSON, not "{data". Try --help.'],
    ['--header', 'x-api-key', '--header must be "Name: value", not "x-api-key". Try --help.'],
  ])('refuse %s «%s» in one sentence', (name, value, fault) => {
    const parsed = [parseLoadOptions([`${name}=${value}`]), parseLoadOptions([name, value])];

    expect(parsed).toEqual([{ fault }, { fault }]);
  });

  it.each([
    [['--ratio', '9'], '--ratio'],
    [['200'], '200'],
    [['--rate'], '--rate'],
    [['--help=yes'], '--help'],
  ])('%j are refused in one line that names the culprit', (args, culprit) => {
    const parsed = parseLoadOptions(args);

    expect(parsed).toEqual({ fault: expect.stringMatching(/^[^\n]+\. Try --help\.$/) });
    expect(parsed).toEqual({ fault: expect.stringContaining(culprit) });
  });

  it('explain themselves', () => {
    const parsed = parseLoadOptions(['--help']);

    expect(parsed).toEqual({ help: expect.stringMatching(/--url.*--rate.*--body.*--into.*exit code/s) });
  });

  it('of the steps have longer ones, and a platform to start', () => {
    expect(parseLoadOptions(['--steps', '--platform', 'aws', '--wait', '5'])).toMatchObject({
      steps: { platform: 'aws', seconds: 60, waitSeconds: 5, model: 'model_a' },
    });
    expect(parseLoadOptions(['--steps'])).toMatchObject({
      steps: { platform: undefined, waitSeconds: 10, url: 'http://localhost:8000' },
    });
  });

  it.each([
    [
      ['--steps', '--platform', 'azure'],
      '--platform must be one of sqlite, aws, rabbit-redis, not "azure". Try --help.',
    ],
    [['--steps', '--wait', '26'], '--wait must be at most 25, not "26". Try --help.'],
    [['--platform', 'aws'], '--platform needs --steps. Try --help.'],
  ])('%j is a fault', (args, fault) => {
    expect(parseLoadOptions(args)).toEqual({ fault });
  });
});
