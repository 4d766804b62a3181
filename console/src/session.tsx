import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { ApiError, authorizeBy, get } from './api.ts';
import { Login } from './login.tsx';
import type { Index, Me, Role } from './types.ts';
import { Failure, Loading } from './ui.tsx';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

const REFRESH = '/login/refresh';

/** For this tab only: closing it logs out. */
const STORED = 'modelyard.session';

let tokens: Tokens | undefined = stored();
let renewal: Promise<boolean> | undefined;

function stored(): Tokens | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(STORED) ?? 'null') ?? undefined;
  } catch {
    // Recovery: without storage, or with something else in it, the user logs in again.
    return undefined;
  }
}

function keep(next: Tokens | undefined): void {
  tokens = next;
  if (next) sessionStorage.setItem(STORED, JSON.stringify(next));
  else sessionStorage.removeItem(STORED);
}

/** Called when the API refuses the login that was kept. */
let onRefused: () => void = () => undefined;

/** A refresh token is valid once, so concurrent requests share one renewal. */
async function renew(): Promise<boolean> {
  if (!tokens) return false;
  const next = await refreshed(tokens);
  keep(next);
  if (!next) onRefused();
  return next !== undefined;
}

/** Undefined when the API refuses. Rejects when it is away: then the login is as good as before. */
async function refreshed({ refresh_token }: Tokens): Promise<Tokens | undefined> {
  if (refresh_token === undefined) return undefined;
  try {
    return await get<Tokens>(REFRESH, { method: 'POST', body: { refresh_token } });
  } catch (error) {
    if (error instanceof ApiError && error.problem.status < 500 && error.problem.status !== 429) return undefined;
    throw error;
  }
}

authorizeBy({
  header: () => (tokens ? `Bearer ${tokens.access_token}` : undefined),
  renew() {
    renewal ??= renew().finally(() => {
      renewal = undefined;
    });
    return renewal;
  },
});

export interface Session {
  readonly me: Me;
  readonly index: Index;
  /** Whether the API has the route and the role of the user is enough for it. */
  may(method: string, path: string): boolean;
  /** Undefined without logins. */
  readonly logOut: (() => void) | undefined;
}

const SessionContext = createContext<Session | undefined>(undefined);

/** The current user. Only for components inside `WithSession`. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('There is no session.');
  return session;
}

const RANK: Readonly<Record<string, number>> = { public: 0, user: 1, operator: 2, admin: 3 };

const reaches = (role: Role, needed: string): boolean => (RANK[role] ?? 0) >= (RANK[needed] ?? 9);

/** Asks again while the API has trouble. A refusal is final. */
const whileBroken = ({ state: { error } }: { readonly state: { readonly error: Error | null } }): number | false =>
  error instanceof ApiError && error.problem.status >= 500 ? 3_000 : false;

/** Shows its children to a known user, and the login to anybody else. */
export function WithSession({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [logins, setLogins] = useState(0);
  const [isRefused, setRefused] = useState(false);
  const index = useQuery({
    queryKey: ['index'],
    queryFn: () => get<Index>('/'),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: whileBroken,
  });
  const me = useQuery({
    queryKey: ['me', logins],
    queryFn: () => get<Me>('/users/me'),
    staleTime: 60_000,
    refetchInterval: whileBroken,
  });
  useEffect(() => {
    onRefused = () => {
      client.clear();
      setRefused(true);
      setLogins((count) => count + 1);
    };
  }, [client]);

  const session = useMemo((): Session | undefined => {
    if (!index.data || !me.data) return undefined;
    const { routes, auth } = index.data;
    const logOut = () => {
      keep(undefined);
      setRefused(false);
      client.clear();
      setLogins((count) => count + 1);
    };
    return {
      me: me.data,
      index: index.data,
      may: (method, path) =>
        routes.some((route) => route.method === method && route.path === path && reaches(me.data.role, route.role)),
      logOut: auth === 'none' ? undefined : logOut,
    };
  }, [index.data, me.data, client]);

  if (session) return <SessionContext value={session}>{children}</SessionContext>;
  const isUnknown = me.error instanceof ApiError && me.error.problem.status === 401;
  if (isUnknown && index.data) {
    const enter = (next: Tokens) => {
      keep(next);
      setRefused(false);
      setLogins((count) => count + 1);
    };
    return <Login index={index.data} isRefused={isRefused} onEnter={enter} />;
  }
  const error = index.error ?? me.error;
  return (
    <main>
      <h1>Modelyard</h1>
      {error ? <Failure error={error} /> : <Loading />}
    </main>
  );
}
