import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { serverSentEvents } from '#client/server-sent-events';
import { send } from './api.ts';
import { useSession } from './session.tsx';
import { usePageVisible } from './visible.ts';

/** An event of `GET /events`. */
export interface ListEvent {
  readonly name: string;
  readonly data: unknown;
}

const ROUTE = '/events';
const RECONNECT_MS = 2_000;

/** How often a list is polled: not at all while events keep it up to date. */
export const pollEvery = (ms: number, isLive: boolean): number | false => (isLive ? false : ms);

/** Brings the known lists up to date. */
export type Apply = (client: QueryClient, events: readonly ListEvent[]) => void;

/**
 * Follows lists by server-sent events and hands them on in groups. Resolves with whether they come: where they do not,
 * the lists are polled. A hidden tab follows nothing, because browsers open few connections to one server.
 *
 * @param apply must stay the same between renderings
 */
export function useLiveLists(query: string, apply: Apply): boolean {
  const { may } = useSession();
  const client = useQueryClient();
  const isVisible = usePageVisible();
  const [isLive, setLive] = useState(false);
  const isOffered = may('GET', ROUTE);
  useEffect(() => {
    if (!isOffered || !isVisible) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const follow = async () => {
      const answer = await send(`${ROUTE}?${query}`, { accept: 'text/event-stream', signal });
      // This platform holds no connection.
      if (answer.status === 204) return stop.abort();
      for await (const group of serverSentEvents(answer)) {
        if (signal.aborted) return;
        const events = group.flatMap(({ name, data }) => (name === undefined ? [] : [{ name, data }]));
        setLive(true);
        apply(client, events);
      }
    };
    const repeat = async () => {
      while (!signal.aborted) {
        // Recovery: the lists are polled until the next connection.
        await follow().catch(() => undefined);
        if (signal.aborted) return;
        setLive(false);
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    };
    void repeat();
    return () => {
      stop.abort();
      setLive(false);
    };
  }, [client, isOffered, isVisible, query, apply]);
  return isLive;
}
