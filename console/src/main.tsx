import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from 'preact';
import { UnreachableError } from './api.ts';
import { App } from './app.tsx';
import { Connection } from './connection.tsx';
import { WithSession } from './session.tsx';
import 'uplot/dist/uPlot.min.css';
import './style.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Retries only while the API is unreachable. A refusal is final.
      retry: (_, error) => error instanceof UnreachableError,
      retryDelay: 1_000,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

const root = document.getElementById('root');
if (root) {
  render(
    <QueryClientProvider client={client}>
      <Connection />
      <WithSession>
        <App />
      </WithSession>
    </QueryClientProvider>,
    root,
  );
}
