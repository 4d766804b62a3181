import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from './api.ts';
import { type Column, DataTable } from './data-table.tsx';
import { useSession } from './session.tsx';
import type { Role, User } from './types.ts';
import { Empty, Failure, Loading, Time } from './ui.tsx';

const ROLES: readonly Role[] = ['user', 'operator', 'admin'];

interface Page {
  readonly users: readonly User[];
  readonly next_cursor: string | null;
}

interface Change {
  readonly id: string;
  readonly role?: Role;
  readonly disabled?: boolean;
}

/** For admins: every user with role and state. */
export function Users() {
  const { me } = useSession();
  const client = useQueryClient();
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['users'],
    queryFn: ({ pageParam }) =>
      get<Page>(`/users?limit=100${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ''}`),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const changing = useMutation({
    mutationFn: ({ id, ...change }: Change) =>
      get<User>(`/users/${encodeURIComponent(id)}`, { method: 'PATCH', body: change }),
    onSettled: () => client.invalidateQueries({ queryKey: ['users'] }),
  });
  const { mutate, isPending: isChanging, variables: wanted } = changing;
  const listed = data?.pages.flatMap((page) => page.users) ?? [];
  // As they will be: until the list is read again, a box would jump back.
  const users = listed.map((user) => (isChanging && user.id === wanted.id ? { ...user, ...wanted } : user));
  const columns = useMemo(() => columnsFor(me.id, mutate), [me.id, mutate]);
  return (
    <>
      <h1>Users</h1>
      {isPending ? <Loading /> : null}
      {error ? <Failure error={error} /> : null}
      {changing.error ? <Failure error={changing.error} /> : null}
      {data && users.length === 0 ? <Empty>There are no users.</Empty> : null}
      {users.length > 0 ? (
        <DataTable
          label="Users"
          rows={users}
          columns={columns}
          keyOf={({ id }) => id}
          onEnd={() => hasNextPage && void fetchNextPage()}
        />
      ) : null}
    </>
  );
}

const columnsFor = (mine: string, change: (change: Change) => void): readonly Column<User>[] => [
  { id: 'name', header: 'User', cell: ({ username }) => username },
  {
    id: 'role',
    header: 'Role',
    cell: ({ id, username, role }) => (
      <select
        aria-label={`Role of ${username}`}
        value={role}
        disabled={id === mine}
        onChange={(event) => change({ id, role: event.currentTarget.value as Role })}
      >
        {ROLES.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    ),
  },
  {
    id: 'disabled',
    header: 'Disabled',
    cell: ({ id, username, disabled }) => (
      <input
        type="checkbox"
        aria-label={`${username} is disabled`}
        checked={disabled}
        disabled={id === mine}
        onChange={() => change({ id, disabled: !disabled })}
      />
    ),
  },
  { id: 'created', header: 'Registered', cell: ({ created_at }) => <Time at={created_at} /> },
];
