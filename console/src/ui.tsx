import { type ReactNode, useState } from 'react';
import { ApiError } from './api.ts';
import { copyText } from './copy-text.ts';

export const Loading = () => <p className="faint">Loading …</p>;

/** A page of which nothing is known yet. */
export const LoadingPage = ({ title }: { readonly title: string }) => (
  <>
    <h1>{title}</h1>
    <Loading />
  </>
);

/** An error, with the text of the API. */
export function Failure({ error }: { readonly error: Error }) {
  const fields = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  return (
    <div className="failure" role="alert">
      <p>{error.message}</p>
      {fields.length > 0 ? (
        <ul>
          {fields.map(({ pointer, message }) => (
            <li key={pointer}>
              <code>{pointer === '' ? '/' : pointer}</code> {message}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

interface TableProps {
  readonly label?: string;
  readonly titles: readonly string[];
  /** The rows. */
  readonly children: ReactNode;
}

/** A table of few rows, which scrolls sideways on a narrow screen. */
export const Table = ({ label, titles, children }: TableProps) => (
  <Scroller>
    <table aria-label={label}>
      <thead>
        <tr>
          {titles.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </Scroller>
);

/** Around a table that may be larger than the screen. */
export const Scroller = ({ children }: { readonly children: ReactNode }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
  <div className="scroller small" tabIndex={0}>
    {children}
  </div>
);

/** An empty state, with the next step. */
export const Empty = ({ children }: { readonly children: ReactNode }) => <div className="empty">{children}</div>;

const TONES: Readonly<Record<string, string>> = {
  active: 'good',
  deployed: 'good',
  refused: 'bad',
  promoted: 'good',
  'rolled back': 'bad',
  started: 'busy',
  ready: 'good',
  succeeded: 'good',
  running: 'busy',
  queued: 'busy',
  waking: 'busy',
  starting: 'busy',
  draining: 'busy',
  failed: 'bad',
  failing: 'bad',
  unreachable: 'bad',
  expired: 'bad',
  firing: 'bad',
  drifted: 'bad',
  steady: 'good',
  resolved: 'good',
  delivered: 'good',
  pending: 'busy',
};

export const State = ({ state }: { readonly state: string }) => (
  <span className={`state ${TONES[state] ?? 'calm'}`}>{state}</span>
);

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** In the zone of the reader; UTC on hover. */
export function Time({ at }: { readonly at: string | null | undefined }) {
  if (!at) return <span className="faint">–</span>;
  return (
    <time dateTime={at} title={at}>
      {LOCAL.format(new Date(at))}
    </time>
  );
}

/** How long ago a moment was, with the moment on hover. */
export function Ago({ at }: { readonly at: string | null }) {
  if (!at) return <span className="faint">–</span>;
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  return (
    <time dateTime={at} title={at}>
      {seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`}
    </time>
  );
}

export const duration = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return `${Math.round(ms * 10) / 10} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
};

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [outcome, setOutcome] = useState<string>();
  const copy = async () => {
    setOutcome((await copyText(text)) ? 'Copied' : 'Not copied: select the text');
    setTimeout(() => setOutcome(undefined), 1500);
  };
  return (
    <button type="button" className="quiet" onClick={() => void copy()}>
      {outcome !== undefined ? outcome : label}
    </button>
  );
}

/** Larger values freeze the page: they are for the download. */
const MAX_SHOWN_CHARACTERS = 50_000;

/** JSON to read, to copy and to download. */
export function JsonView({ value, name }: { readonly value: unknown; readonly name: string }) {
  const text = JSON.stringify(value, null, 2) ?? 'null';
  const isCut = text.length > MAX_SHOWN_CHARACTERS;
  return (
    <figure className="json">
      <figcaption>
        {name} <CopyButton text={text} />
        <a download={`${name}.json`} href={`data:application/json,${encodeURIComponent(text)}`}>
          Download
        </a>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0}>
        {isCut ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}\n… ${text.length} characters in all: download it.` : text}
      </pre>
    </figure>
  );
}

interface TabsProps {
  readonly label: string;
  readonly tabs: Readonly<Record<string, ReactNode>>;
  /** The tab whose content stays as it is while another one is shown. */
  readonly kept?: string;
}

/** One of several contents. */
export function Tabs({ label, tabs, kept }: TabsProps) {
  const names = Object.keys(tabs);
  const [selected = '', select] = useState(names[0]);
  const move = (tabs: HTMLElement | null, to: number) => {
    const next = (to + names.length) % names.length;
    select(names[next]);
    const tab = tabs?.children[next];
    if (tab instanceof HTMLElement) tab.focus();
  };
  return (
    <div className="tabs">
      <div role="tablist" aria-label={label}>
        {names.map((name, at) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={name === selected}
            tabIndex={name === selected ? 0 : -1}
            onClick={() => select(name)}
            onKeyDown={(event) => {
              const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
              if (to === undefined) return;
              event.preventDefault();
              move(event.currentTarget.parentElement, to);
            }}
          >
            {name}
          </button>
        ))}
      </div>
      {names
        .filter((name) => name === selected || name === kept)
        .map((name) => (
          <div key={name} role="tabpanel" aria-label={name} hidden={name !== selected}>
            {tabs[name]}
          </div>
        ))}
    </div>
  );
}
