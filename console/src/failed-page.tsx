import { Component, type ReactNode } from 'react';
import { Failure } from './ui.tsx';

interface FailedPageProps {
  readonly children: ReactNode;
}

/** Shows its children. When one of them throws, the rest of the console goes on. */
export class FailedPage extends Component<FailedPageProps, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <>
        <h1>This page failed</h1>
        <Failure error={error} />
        <p>
          <button type="button" onClick={() => location.reload()}>
            Load it again
          </button>
        </p>
      </>
    );
  }
}
