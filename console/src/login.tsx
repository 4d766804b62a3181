import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from './api.ts';
import type { Index } from './types.ts';
import { Failure } from './ui.tsx';

interface LoginProps {
  readonly index: Index;
  /** Whether the login, the key or the token that was used last is refused. */
  readonly isRefused: boolean;
  readonly onEnter: (tokens: { readonly access_token: string; readonly refresh_token?: string }) => void;
}

/** Login by name and password, or by an API key or a token if users come from another issuer. */
export function Login({ index, isRefused, onEnter }: LoginProps) {
  const hasPasswords = index.auth === 'jwt' && index.routes.some(({ path }) => path === '/login');
  const [isNew, setNew] = useState(false);
  const mayRegister = hasPasswords && index.registration === 'open';
  return (
    <main className="login">
      <h1>Modelyard</h1>
      {isRefused ? (
        <p className="failure" role="alert">
          The API does not accept the login or the key, or no longer. Log in again.
        </p>
      ) : null}
      {hasPasswords ? <PasswordForm isNew={isNew} onEnter={onEnter} /> : null}
      {mayRegister ? (
        <p>
          <button type="button" className="quiet" onClick={() => setNew(!isNew)}>
            {isNew ? 'I have a user already' : 'Register a new user'}
          </button>
        </p>
      ) : null}
      <KeyForm onEnter={onEnter} isOpen={!hasPasswords} />
    </main>
  );
}

function PasswordForm({ isNew, onEnter }: Pick<LoginProps, 'onEnter'> & { readonly isNew: boolean }) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const entering = useMutation({
    async mutationFn() {
      const body = { username, password };
      if (isNew) await get('/register', { method: 'POST', body });
      return get<{ access_token: string; refresh_token: string }>('/login', { method: 'POST', body });
    },
    onSuccess: onEnter,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        entering.mutate();
      }}
    >
      <label>
        User name
        <input
          autoComplete="username"
          required
          value={username}
          onInput={(event) => setUsername(event.currentTarget.value)}
        />
      </label>
      <label>
        Password
        <input
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={entering.isPending}>
        {isNew ? 'Register and log in' : 'Log in'}
      </button>
      {entering.error ? <Failure error={entering.error} /> : null}
    </form>
  );
}

function KeyForm({ onEnter, isOpen }: Pick<LoginProps, 'onEnter'> & { readonly isOpen: boolean }) {
  const [key, setKey] = useState('');
  return (
    <details open={isOpen}>
      <summary>Use an API key or a token</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onEnter({ access_token: key.trim() });
        }}
      >
        <label>
          API key or token
          <input
            type="password"
            autoComplete="off"
            required
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Continue</button>
      </form>
    </details>
  );
}
