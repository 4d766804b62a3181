import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { ApiError, addressOf, authorizeBy, get } from './api.ts';
import { Login } from './login.tsx';
import type { Index, Me, Role } from './types.ts';
import { Failure, Loading } from './ui.tsx';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

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

/** A refresh token is valid once, so concurrent requests share one renewal. */
async function renew(): Promise<boolean> {
  if (tokens?.refresh_token === undefined) return false;
  const body = JSON.stringify({ refresh_token: tokens.refresh_token });
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  const answer = await fetch(addressOf('/login/refresh'), { method: 'POST', body, headers });
  keep(answer.ok ? ((await answer.json()) as Tokens) : undefined);
  return answer.ok;
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

/** Shows its children to a known user, and the login to anybody else. */
export function WithSession({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [logins, setLogins] = useState(0);
  const index = useQuery({ queryKey: ['index'], queryFn: () => get<Index>('/'), staleTime: Number.POSITIVE_INFINITY });
  const me = useQuery({ queryKey: ['me', logins], queryFn: () => get<Me>('/users/me'), staleTime: 60_000 });

  const session = useMemo((): Session | undefined => {
    if (!index.data || !me.data) return undefined;
    const { routes, auth } = index.data;
    const logOut = () => {
      keep(undefined);
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
      setLogins((count) => count + 1);
    };
    return <Login index={index.data} onEnter={enter} />;
  }
  const error = index.error ?? me.error;
  return <main>{error ? <Failure error={error} /> : <Loading />}</main>;
}
