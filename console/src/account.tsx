import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import type { Key } from './types.ts';
import { CopyButton, Empty, Failure, Table, Time } from './ui.tsx';
import { Usage } from './usage.tsx';

/** The current user with usage and API keys. */
export function Account() {
  const { me, logOut } = useSession();
  return (
    <>
      <h1>Account</h1>
      <p>
        You are <strong>{me.username}</strong>, with the role {me.role}.
      </p>
      <Usage />
      {logOut ? <Keys /> : null}
    </>
  );
}

function Keys() {
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => get<{ keys: readonly Key[] }>('/users/me/keys') });
  return (
    <>
      <h2>API keys</h2>
      <p>
        Programs send a key in the header <code>Authorization: Bearer …</code>.
      </p>
      <NewKey />
      {keys.error ? <Failure error={keys.error} /> : null}
      {keys.data?.keys.length === 0 ? <Empty>You have no keys. Create one for each program.</Empty> : null}
      {keys.data && keys.data.keys.length > 0 ? <KeyTable keys={keys.data.keys} /> : null}
    </>
  );
}

function NewKey() {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const creating = useMutation({
    mutationFn: () => get<Key & { key: string }>('/users/me/keys', { method: 'POST', body: { name } }),
    onSuccess() {
      setName('');
      return client.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault();
        creating.mutate();
      }}
    >
      <label>
        Name of the new key
        <input required maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <button type="submit" disabled={creating.isPending}>
        Create
      </button>
      {creating.error ? <Failure error={creating.error} /> : null}
      {creating.data ? (
        <p role="status">
          Copy it now, it is not shown again: <code>{creating.data.key}</code> <CopyButton text={creating.data.key} />
        </p>
      ) : null}
    </form>
  );
}

function KeyTable({ keys }: { readonly keys: readonly Key[] }) {
  const client = useQueryClient();
  const revoking = useMutation({
    mutationFn: (id: string) => get(`/users/me/keys/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
  });
  return (
    <>
      {revoking.error ? <Failure error={revoking.error} /> : null}
      <Table titles={['Name', 'Begins with', 'Created', 'Expires', 'Last used', 'May', 'Action']}>
        {keys.map((key) => (
          <tr key={key.id}>
            <td>{key.name}</td>
            <td>
              <code>{key.prefix}</code>
            </td>
            <td>
              <Time at={key.created_at} />
            </td>
            <td>
              <Time at={key.expires_at} />
            </td>
            <td>
              <Time at={key.last_used_at} />
            </td>
            <td>{[...(key.scopes ?? ['everything']), ...(key.models ?? [])].join(', ')}</td>
            <td>
              <button
                type="button"
                className="quiet"
                aria-label={`Revoke ${key.name}`}
                onClick={() => revoking.mutate(key.id)}
              >
                Revoke
              </button>
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
