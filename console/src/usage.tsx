import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from './api.ts';
import type { Call } from './calls.tsx';
import { useSession } from './session.tsx';

const PAGES = 10;
const DAY_MS = 24 * 3600 * 1000;

interface Counts {
  readonly calls: number;
  readonly refused: number;
  readonly tasks: number;
  /** Whether there were more calls than were read. */
  readonly isCut: boolean;
}

async function readUsage(): Promise<Counts> {
  const from = encodeURIComponent(new Date(Date.now() - DAY_MS).toISOString());
  const calls: Call[] = [];
  let cursor: string | null = '';
  for (let page = 0; page < PAGES && cursor !== null; page += 1) {
    const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer: { calls: readonly Call[]; next_cursor: string | null } = await get(
      `/users/me/calls?limit=100&from=${from}${next}`,
    );
    calls.push(...answer.calls);
    cursor = answer.next_cursor;
  }
  return {
    calls: calls.length,
    refused: calls.filter(({ status }) => status >= 400).length,
    tasks: calls.filter(({ method, task_id }) => method === 'POST' && task_id !== null).length,
    isCut: cursor !== null,
  };
}

/** What I may use, and what I have used within a day. */
export function Usage() {
  const { me, may } = useSession();
  const usage = useQuery({
    queryKey: ['usage'],
    queryFn: readUsage,
    enabled: may('GET', '/users/me/calls'),
    retry: false,
    refetchInterval: 30_000,
  });
  const { data } = usage;
  const atLeast = data?.isCut ? 'at least ' : '';
  return (
    <>
      <h2>Usage in the last 24 hours</h2>
      {data ? (
        <dl className="facts wide">
          <Fact name="Calls" value={`${atLeast}${data.calls}`} />
          <Fact name="Refused" value={`${atLeast}${data.refused}`} />
          <Fact name="Tasks" value={`${atLeast}${data.tasks}`} />
        </dl>
      ) : null}
      {usage.error ? <p className="faint">This system records no calls.</p> : null}
      <p>
        <Link href="/calls">Show them</Link>
      </p>
      <h2>Limits</h2>
      <dl className="facts wide">
        {Object.entries(me.limits ?? {}).map(([name, limit]) => (
          <Fact key={name} name={name.replaceAll('_', ' ')} value={limit ?? 'none'} />
        ))}
      </dl>
    </>
  );
}

const Fact = ({ name, value }: { readonly name: string; readonly value: string | number }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
