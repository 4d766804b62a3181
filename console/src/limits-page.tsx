import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import type { Limits, User } from './types.ts';
import { Empty, Failure, Loading } from './ui.tsx';

interface Page {
  readonly users: readonly User[];
  readonly next_cursor: string | null;
}

/** For admins: what every user may use. */
export function LimitsPage() {
  const { me } = useSession();
  const users = useInfiniteQuery({
    queryKey: ['users'],
    queryFn: ({ pageParam }) =>
      get<Page>(`/users?limit=100${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ''}`),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const all = users.data?.pages.flatMap((page) => page.users) ?? [];
  return (
    <>
      <h1>Limits</h1>
      <p className="faint">An empty field is the limit of the role. Changes apply within a minute.</p>
      {users.isPending ? <Loading /> : null}
      {users.error ? <Failure error={users.error} /> : null}
      {users.data && all.length === 0 ? <Empty>There are no users.</Empty> : null}
      {all.map((user) => (
        <LimitsOf key={user.id} user={user} isMe={user.id === me.id} />
      ))}
      {users.hasNextPage ? (
        <button type="button" onClick={() => void users.fetchNextPage()}>
          Show more users
        </button>
      ) : null}
    </>
  );
}

function LimitsOf({ user, isMe }: { readonly user: User; readonly isMe: boolean }) {
  const client = useQueryClient();
  const [changes, setChanges] = useState<Limits>({});
  const saving = useMutation({
    mutationFn: () =>
      get<User>(`/users/${encodeURIComponent(user.id)}`, { method: 'PATCH', body: { limits: changes } }),
    onSuccess() {
      setChanges({});
      return client.invalidateQueries({ queryKey: ['users'] });
    },
  });
  const isChanged = Object.keys(changes).length > 0;
  return (
    <form
      className="filters card limits"
      aria-label={`Limits of ${user.username}`}
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <p>
        <strong>{user.username}</strong> <span className="faint">{user.role}</span>
      </p>
      {Object.entries(user.limits).map(([name, limit]) => (
        <label key={name}>
          {name.replaceAll('_', ' ')}
          <input
            type="number"
            min={1}
            disabled={isMe}
            placeholder="none"
            value={(name in changes ? changes[name] : limit) ?? ''}
            onInput={(event) => {
              const { value } = event.currentTarget;
              setChanges({ ...changes, [name]: value === '' ? null : Number(value) });
            }}
          />
        </label>
      ))}
      <button type="submit" disabled={!isChanged || saving.isPending}>
        Save limits of {user.username}
      </button>
      {saving.isSuccess && !isChanged ? <span role="status">Saved.</span> : null}
      {saving.error ? <Failure error={saving.error} /> : null}
    </form>
  );
}
