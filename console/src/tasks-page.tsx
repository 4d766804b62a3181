import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { type Column, DataTable } from './data-table.tsx';
import { modelsQuery } from './models.ts';
import { useSession } from './session.tsx';
import { TaskLink } from './task-link.tsx';
import { SPANS, type TaskFilters, useTasks } from './task-list.ts';
import { TASK_STATES, type Task } from './types.ts';
import { duration, Empty, Failure, Loading, State, Time } from './ui.tsx';

const COLUMNS: readonly Column<Task>[] = [
  {
    id: 'task',
    header: 'Task',
    cell: ({ id, user_id }) => <TaskLink id={id} owner={user_id} />,
  },
  { id: 'model', header: 'Model', cell: ({ model }) => <Link href={`/models/${model}`}>{model}</Link> },
  { id: 'state', header: 'State', cell: ({ state }) => <State state={state} /> },
  { id: 'created', header: 'Submitted', cell: ({ created_at }) => <Time at={created_at} /> },
  { id: 'queued', header: 'Waited', cell: ({ timings }) => duration(timings.queued_ms) },
  { id: 'run', header: 'Ran', cell: ({ timings }) => duration(timings.run_ms) },
  { id: 'attempts', header: 'Runs', cell: ({ attempts }) => attempts },
  { id: 'error', header: 'Error', cell: ({ error }) => (error ? <span title={error.message}>{error.code}</span> : '') },
];

const WITH_OWNER: readonly Column<Task>[] = [
  ...COLUMNS,
  { id: 'user', header: 'User', cell: ({ user_id }) => user_id ?? '' },
];

/** Tasks, newest first and live. */
export function TasksPage() {
  const [filters, setFilters] = useState<TaskFilters>({ model: '', state: '', span: '', whose: '' });
  return (
    <>
      <h1>{filters.whose === '' ? 'My tasks' : 'Tasks of all users'}</h1>
      <FilterBar filters={filters} onChange={setFilters} />
      <TaskList key={JSON.stringify(filters)} filters={filters} />
    </>
  );
}

function TaskList({ filters }: { readonly filters: TaskFilters }) {
  const { tasks, error, isPending, hasMore, more } = useTasks(filters);
  return (
    <>
      {error && tasks.length === 0 ? <Failure error={error} /> : null}
      {isPending ? <Loading /> : null}
      {!isPending && !error && tasks.length === 0 ? <NoTasks filters={filters} /> : null}
      {tasks.length > 0 ? (
        <>
          <DataTable
            label="Tasks"
            rows={tasks}
            columns={filters.whose === '' ? COLUMNS : WITH_OWNER}
            keyOf={({ id }) => id}
            onEnd={more}
          />
          <p className="faint" aria-live="polite">
            {tasks.length} {tasks.length === 1 ? 'task' : 'tasks'}
            {hasMore ? ' loaded; scroll for more' : ''}
          </p>
        </>
      ) : null}
    </>
  );
}

function NoTasks({ filters }: { readonly filters: TaskFilters }) {
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <Empty>
      {isFiltered ? 'No task matches these filters.' : 'You have submitted no task yet. '}
      {isFiltered ? null : <Link href="/">Open a model and try it.</Link>}
    </Empty>
  );
}

interface FilterBarProps {
  readonly filters: TaskFilters;
  readonly onChange: (filters: TaskFilters) => void;
}

function FilterBar({ filters, onChange }: FilterBarProps) {
  const { may, me, logOut } = useSession();
  const models = useQuery({ ...modelsQuery(), refetchInterval: false, enabled: may('GET', '/models') });
  const select = (name: keyof TaskFilters, label: string, options: readonly string[], all: string) => (
    <label>
      {label}
      <select value={filters[name]} onChange={(event) => onChange({ ...filters, [name]: event.currentTarget.value })}>
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
  const names = models.data?.models.map(({ name }) => name) ?? [];
  return (
    <form className="filters" aria-label="Filters">
      {me.role === 'admin' && logOut ? select('whose', 'Whose', ["everybody's"], 'mine') : null}
      {select('model', 'Model', names, 'all')}
      {select('state', 'State', TASK_STATES, 'all')}
      {select('span', 'Last', Object.keys(SPANS), 'any time')}
    </form>
  );
}
