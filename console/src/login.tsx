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

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Read when the form is sent: a password manager fills and sends it before anything is rendered again. */
function enteredIn(form: HTMLFormElement): (name: string) => string {
  const fields = new FormData(form);
  return (name) => String(fields.get(name) ?? '');
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
  const entering = useMutation({
    async mutationFn(body: Credentials) {
      if (isNew) await get('/register', { method: 'POST', body });
      return get<{ access_token: string; refresh_token: string }>('/login', { method: 'POST', body });
    },
    onSuccess: onEnter,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const entered = enteredIn(event.currentTarget);
        entering.mutate({ username: entered('username'), password: entered('password') });
      }}
    >
      <label>
        User name
        <input name="username" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete={isNew ? 'new-password' : 'current-password'} required />
      </label>
      <button type="submit" disabled={entering.isPending}>
        {isNew ? 'Register and log in' : 'Log in'}
      </button>
      {entering.error ? <Failure error={entering.error} /> : null}
    </form>
  );
}

function KeyForm({ onEnter, isOpen }: Pick<LoginProps, 'onEnter'> & { readonly isOpen: boolean }) {
  return (
    <details open={isOpen}>
      <summary>Use an API key or a token</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onEnter({ access_token: enteredIn(event.currentTarget)('key').trim() });
        }}
      >
        <label>
          API key or token
          <input name="key" type="password" autoComplete="off" required />
        </label>
        <button type="submit">Continue</button>
      </form>
    </details>
  );
}
