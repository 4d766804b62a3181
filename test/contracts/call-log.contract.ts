import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CALL_RETENTION_MS, type Call, type CallLog, type CallQuery, cursorsOf } from '#core';
import { aCall } from '#test/support/calls.ts';

/** A log, which other tests may use at the same time, and a way to take it away. */
export interface CallLogUnderTest {
  readonly calls: CallLog;
  /** From now on `calls` cannot be reached. */
  cutOff(): Promise<void>;
}

let owners = 0;

/** Somebody whose list no other test writes to. */
function anOwner(): string {
  owners += 1;
  return `caller-${process.pid}-${owners}`;
}

/** Newest first; several share a millisecond. */
function someCalls(owner: string, count: number): readonly Call[] {
  const now = Date.now();
  const calls = Array.from({ length: count }, (_, index) => aCall({ owner, startedAt: now - Math.floor(index / 4) }));
  return calls.toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1));
}

async function listAll(calls: CallLog, query: CallQuery): Promise<readonly Call[]> {
  const found: Call[] = [];
  let cursor = query.cursor;
  do {
    const page = await calls.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.calls.length).toBeLessThanOrEqual(query.limit);
    found.push(...page.calls);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** Lists may lag behind a moment, so they are asked for until they are complete. */
const listed = (calls: CallLog, query: CallQuery, expected: readonly Call[]): Promise<void> =>
  vi.waitFor(async () => expect(await listAll(calls, query)).toEqual(expected), { timeout: 10_000, interval: 100 });

/** What every `CallLog` promises. Each adapter's test calls this with its own way to reach one. */
export function callLogContract(name: string, open: () => Promise<CallLogUnderTest>): void {
  describe(`CallLog contract: ${name}`, () => {
    it('keeps calls as they were recorded', async () => {
      const { calls } = await open();
      const owner = anOwner();
      const full = aCall({
        owner,
        key: 'k-1',
        status: 503,
        durationMs: 0,
        bytesIn: 2 ** 33,
        bytesOut: 0,
        requestId: 'ü "quoted" \n',
      });
      const { model: _, taskId: __, ...bare } = aCall({ owner, method: 'GET', route: '/users/me' });

      await calls.append([full]);
      await calls.append([bare]);

      await listed(
        calls,
        { owner, limit: 10 },
        [full, bare].toSorted((a, b) => (a.id < b.id ? 1 : -1)),
      );
    });

    it('records many calls of many owners at once', async () => {
      const { calls } = await open();
      const lists = Array.from({ length: 5 }, () => someCalls(anOwner(), 23));

      await calls.append(lists.flat());

      for (const own of lists) await listed(calls, { owner: own[0]?.owner ?? '', limit: 100 }, own);
    });

    it('has nothing to do for no calls', async () => {
      const { calls } = await open();

      await expect(calls.append([])).resolves.toBeUndefined();
      expect(await calls.list({ owner: anOwner(), limit: 10 })).toEqual({ calls: [] });
    });

    it('records a call once, however often it is appended', async () => {
      const { calls } = await open();
      const owner = anOwner();
      const own = someCalls(owner, 3);

      await calls.append([...own, ...own]);
      await Promise.all([calls.append(own), calls.append(own.slice(1))]);

      await listed(calls, { owner, limit: 10 }, own);
    });

    it.each([1, 7, 100])('lists every call of an owner once, newest first, in pages of %i', async (limit) => {
      const { calls } = await open();
      const owner = anOwner();
      const own = someCalls(owner, 37);

      await calls.append(own);

      await listed(calls, { owner, limit }, own);
    });

    it('gives no more than the limit, and a cursor while there are more', async () => {
      const { calls } = await open();
      const [owner, loner] = [anOwner(), anOwner()];
      const own = someCalls(owner, 12);
      const [single] = someCalls(loner, 1);
      await calls.append([...own, ...(single ? [single] : [])]);
      await listed(calls, { owner, limit: 100 }, own);

      const page = await calls.list({ owner, limit: 5 });
      const whole = await calls.list({ owner: loner, limit: 1 });

      expect(page.calls.length).toBeLessThanOrEqual(5);
      expect(page.nextCursor).toEqual(expect.any(String));
      expect(whole).toEqual({ calls: [single] });
    });

    it('never lists the calls of others, however alike their names', async () => {
      const { calls } = await open();
      const owner = anOwner();
      const others = [`${owner}#1`, `1#${owner}`, `${owner}1`, `#${owner}`, `${owner}:1`, owner.slice(0, -1)];
      const own = someCalls(owner, 3);

      await calls.append([...others.flatMap((other) => someCalls(other, 3)), ...own]);

      await listed(calls, { owner, limit: 10 }, own);
    });

    it('shows no call twice and skips none while new ones arrive', async () => {
      const { calls } = await open();
      const owner = anOwner();
      const before = someCalls(owner, 30);
      await calls.append(before);
      await listed(calls, { owner, limit: 100 }, before);

      const seen: Call[] = [];
      let cursor: string | undefined;
      do {
        const page = await calls.list({ owner, limit: 4, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.calls);
        cursor = page.nextCursor;
        await calls.append(someCalls(owner, 2));
      } while (cursor !== undefined);

      const ids = seen.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => before.some((call) => call.id === id))).toEqual(before.map(({ id }) => id));
    });

    it('forgets a call when it need not keep it any longer, whether it is deleted or not', async () => {
      const { calls } = await open();
      const owner = anOwner();
      const now = Date.now();
      const expired = Array.from({ length: 12 }, (_, index) =>
        aCall({ owner, startedAt: now - CALL_RETENTION_MS - index }),
      );
      const kept = [aCall({ owner, startedAt: now }), aCall({ owner, startedAt: now - CALL_RETENTION_MS + 600_000 })];

      await calls.append([...expired, ...kept]);

      await listed(calls, { owner, limit: 100 }, kept);
      await listed(calls, { owner, limit: 1 }, kept);
      await listed(calls, { owner, limit: 2 }, kept);
    });

    it.each([1, 3, 100])('lists what is asked for, of one owner and of everybody, in pages of %i', async (limit) => {
      const { calls } = await open();
      const [ann, bob] = [anOwner(), anOwner()];
      const model = `model_${ann.replaceAll('-', '_')}`;
      const now = Date.now();
      const all = [0, 1, 2, 3, 4, 5].map((index) =>
        aCall({
          owner: index % 2 === 0 ? ann : bob,
          model: index === 5 ? 'other' : model,
          status: index < 3 ? 202 : 422,
          // Over more than a day.
          startedAt: now - index * 10 * 3_600_000,
        }),
      );
      await calls.append(all);
      const at = (index: number) => all[index]?.startedAt ?? 0;
      const some = (...indexes: readonly number[]) => indexes.flatMap((index) => all[index] ?? []);

      await listed(calls, { model, limit }, some(0, 1, 2, 3, 4));
      await listed(calls, { model, status: 422, limit }, some(3, 4));
      await listed(calls, { model, from: at(3), to: at(1), limit }, some(2, 3));
      await listed(calls, { owner: ann, limit }, some(0, 2, 4));
      await listed(calls, { owner: ann, status: 202, limit }, some(0, 2));
      await listed(calls, { owner: bob, model, from: at(2), limit }, some(1));
      await listed(calls, { owner: bob, to: at(3), limit }, some(5));
    });

    it('shows everybody their own calls only, whatever is recorded and deleted in whichever order', async () => {
      const { calls } = await open();
      const steps = fc.array(
        fc.oneof(
          { weight: 5, arbitrary: fc.array(fc.record({ who: fc.nat(2), ago: fc.nat(20_000) }), { maxLength: 12 }) },
          { weight: 1, arbitrary: fc.nat(2) },
        ),
        { maxLength: 6 },
      );

      await fc.assert(
        fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), async (taken, limit) => {
          const owners = [anOwner(), anOwner(), anOwner()] as const;
          const now = Date.now();
          let kept: readonly Call[] = [];
          for (const step of taken) {
            if (typeof step === 'number') {
              await calls.deleteOf(owners[step] ?? '');
              kept = kept.filter(({ owner }) => owner !== owners[step]);
            } else {
              const some = step.map(({ who, ago }) => aCall({ owner: owners[who] ?? '', startedAt: now - ago }));
              await calls.append(some);
              kept = [...kept, ...some];
            }
          }

          for (const owner of owners) {
            const own = kept.filter((call) => call.owner === owner);
            await listed(
              calls,
              { owner, limit },
              own.toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1)),
            );
          }
        }),
        { numRuns: 12 },
      );
    });

    it('deletes all calls of an owner and of nobody else', async () => {
      const { calls } = await open();
      const [ann, bob] = [anOwner(), anOwner()];
      const model = `model_${ann.replaceAll('-', '_')}`;
      const own = someCalls(bob, 2).map((call) => ({ ...call, model }));
      await calls.append([...someCalls(ann, 60).map((call) => ({ ...call, model })), ...own]);

      await calls.deleteOf(ann);
      await calls.deleteOf(ann);

      await listed(calls, { owner: ann, limit: 10 }, []);
      await listed(calls, { owner: bob, limit: 10 }, own);
      await listed(calls, { model, limit: 10 }, own);
    });

    it('refuses a cursor that it did not give to this owner', async () => {
      const { calls } = await open();
      const owner = anOwner();
      const own = someCalls(owner, 6);
      await calls.append(own);
      await listed(calls, { owner, limit: 100 }, own);
      const { nextCursor = '' } = await calls.list({ owner, limit: 2 });
      const middle = Math.floor(nextCursor.length / 2);
      const mangled = `${nextCursor.slice(0, middle)}${nextCursor[middle] === 'A' ? 'B' : 'A'}${nextCursor.slice(middle + 1)}`;
      const first = { id: own[0]?.id ?? '', createdAt: own[0]?.startedAt ?? 0 };
      const { nextCursor: ofTasks = '' } = cursorsOf({ of: 'tasks', owner }).next(first);
      const refused = expect.objectContaining({ code: 'invalid_request' });

      for (const cursor of ['', 'x', '%%%', '{}', nextCursor.slice(0, -4), mangled, ofTasks]) {
        await expect(calls.list({ owner, limit: 2, cursor })).rejects.toEqual(refused);
      }
      await expect(calls.list({ owner: anOwner(), limit: 2, cursor: nextCursor })).rejects.toEqual(refused);
    });

    it('says that it is unavailable when it cannot be reached', async () => {
      const { calls, cutOff } = await open();
      await cutOff();
      const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });

      await expect(calls.append([aCall()])).rejects.toEqual(refused);
      await expect(calls.list({ owner: anOwner(), limit: 1 })).rejects.toEqual(refused);
      await expect(calls.deleteOf(anOwner())).rejects.toEqual(refused);
    });
  });
}
