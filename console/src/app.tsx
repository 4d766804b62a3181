import { Suspense, useEffect, useRef } from 'react';
import { Link, Route, Router, Switch, useLocation } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { Account } from './account.tsx';
import { AlertsPage } from './alerts-page.tsx';
import { Calls } from './calls.tsx';
import { DriftPage } from './drift-page.tsx';
import { FailedPage } from './failed-page.tsx';
import { later } from './later.ts';
import { LimitsPage } from './limits-page.tsx';
import { Overview } from './overview.tsx';
import { PipelinesPage, RunPage } from './pipelines-page.tsx';
import { useSession } from './session.tsx';
import { TaskPage } from './task-page.tsx';
import { TasksPage } from './tasks-page.tsx';
import { Empty, LoadingPage } from './ui.tsx';
import { Users } from './users.tsx';
import { VersionsPage } from './versions-page.tsx';

/** With the form and the charts, which are most of the code. */
const ModelPage = later(() => import('./model-page.tsx'));

export function App() {
  return (
    <Router hook={useHashLocation}>
      <Header />
      <main id="content" tabIndex={-1}>
        <Pages />
      </main>
    </Router>
  );
}

function Pages() {
  const [path] = useLocation();
  useNewPage(path);
  return (
    <FailedPage key={path}>
      <Suspense fallback={<LoadingPage title="Modelyard" />}>
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/models/:model">{({ model }) => <ModelPage key={model} name={model} />}</Route>
          <Route path="/tasks" component={TasksPage} />
          <Route path="/tasks/:id">{({ id }) => <TaskPage key={id} id={id} />}</Route>
          <Route path="/pipelines" component={PipelinesPage} />
          <Route path="/pipelines/:pipeline/runs/:id">
            {({ pipeline, id }) => <RunPage key={id} pipeline={pipeline} id={id} />}
          </Route>
          <Route path="/versions" component={VersionsPage} />
          <Route path="/drift" component={DriftPage} />
          <Route path="/alerts" component={AlertsPage} />
          <Route path="/limits" component={LimitsPage} />
          <Route path="/account" component={Account} />
          <Route path="/users" component={Users} />
          <Route path="/calls" component={Calls} />
          <Route>
            <h1>Not found</h1>
            <Empty>
              There is no such page. <Link href="/">Show the models</Link>.
            </Empty>
          </Route>
        </Switch>
      </Suspense>
    </FailedPage>
  );
}

/**
 * As browsers do for pages of their own: a new page begins at its top, and the keyboard and screen readers in its content.
 * Going back leaves the scroll to the browser.
 */
function useNewPage(path: string): void {
  const shown = useRef(path);
  const isBack = useRef(false);
  useEffect(() => {
    const note = () => {
      isBack.current = true;
    };
    addEventListener('popstate', note);
    return () => removeEventListener('popstate', note);
  }, []);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    document.getElementById('content')?.focus({ preventScroll: true });
    if (!isBack.current) scrollTo(0, 0);
    isBack.current = false;
  }, [path]);
}

function Header() {
  const { me, may, logOut } = useSession();
  const [path] = useLocation();
  useEffect(() => {
    const page = path === '/' ? 'Overview' : path.slice(1).replace('/', ' ');
    document.title = `${page} · Modelyard`;
  }, [path]);
  const pages = [
    { href: '/', label: 'Models', isShown: true },
    { href: '/tasks', label: 'Tasks', isShown: true },
    { href: '/pipelines', label: 'Pipelines', isShown: may('GET', '/pipelines') },
    { href: '/versions', label: 'Versions', isShown: may('GET', '/models/{model}/versions') },
    { href: '/drift', label: 'Drift', isShown: may('GET', '/models/{model}/monitor') },
    { href: '/alerts', label: 'Alerts', isShown: may('GET', '/alerts') },
    { href: '/users', label: 'Users', isShown: logOut !== undefined && may('GET', '/users') },
    { href: '/limits', label: 'Limits', isShown: logOut !== undefined && may('PATCH', '/users/{id}') },
    { href: '/calls', label: 'Calls', isShown: may('GET', '/users/me/calls') },
    { href: '/account', label: 'Account', isShown: true },
  ];
  return (
    <header>
      <button type="button" className="skip" onClick={() => document.getElementById('content')?.focus()}>
        Skip to the content
      </button>
      <Link href="/" className="brand">
        Modelyard
      </Link>
      <nav aria-label="Pages">
        {pages
          .filter(({ isShown }) => isShown)
          .map(({ href, label }) => (
            <Link key={href} href={href} {...(isCurrent(path, href) ? { 'aria-current': 'page' as const } : {})}>
              {label}
            </Link>
          ))}
        <a href="docs">API</a>
      </nav>
      {logOut ? (
        <span className="who">
          {me.username} <span className="faint">({me.role})</span>{' '}
          <button type="button" className="quiet" onClick={logOut}>
            Log out
          </button>
        </span>
      ) : null}
    </header>
  );
}

const isCurrent = (path: string, href: string): boolean =>
  href === '/' ? path === '/' || path.startsWith('/models') : path.startsWith(href);
