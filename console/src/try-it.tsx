import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ApiError, get } from './api.ts';
import { callsOf } from './call-snippets.ts';
import { RequestForm } from './request-form.tsx';
import { keepRequest } from './sent-requests.ts';
import { useSession } from './session.tsx';
import { TaskDetails } from './task-page.tsx';
import { taskQuery } from './task-query.ts';
import type { DetailedModel, Task } from './types.ts';
import { CopyButton, Failure, Tabs } from './ui.tsx';

/** A form made from the contract, the answer with its timeline, and the same call as code. */
export function TryIt({ model }: { readonly model: DetailedModel }) {
  const { logOut } = useSession();
  const [request, setRequest] = useState<unknown>(() => exampleOf(model));
  const [isJson, setJson] = useState(true);
  const submitting = useMutation({
    mutationFn: (body: unknown) =>
      get<Task>(`/models/${model.name}/tasks`, { method: 'POST', body, headers: { Prefer: 'wait=1' } }),
    onSuccess: ({ id }, body) => keepRequest(id, body),
  });
  const { error } = submitting;
  const faults = error instanceof ApiError ? error.problem.errors : undefined;
  return (
    <div className="try">
      <section aria-label="Request">
        <Tabs
          label="Request"
          tabs={{
            Form: <RequestForm schema={model.schemas.request} value={request} faults={faults} onChange={setRequest} />,
            JSON: <JsonEditor value={request} onChange={setRequest} onCheck={setJson} />,
          }}
        />
        <button
          type="button"
          className="main"
          disabled={submitting.isPending || !isJson}
          onClick={() => submitting.mutate(request)}
        >
          {submitting.isPending ? 'Waiting …' : 'Predict'}
        </button>
      </section>
      <section aria-label="Answer" aria-live="polite">
        <h2>Answer</h2>
        {error ? <Failure error={error} /> : null}
        {submitting.data ? <Followed task={submitting.data} /> : null}
        {!error && !submitting.data ? <p className="faint">Send the request to see the answer here.</p> : null}
      </section>
      <section aria-label="The same call as code">
        <h2>The same call as code</h2>
        <Tabs
          label="Language"
          tabs={Object.fromEntries(
            Object.entries(callsOf(model.name, request, logOut !== undefined)).map(([language, code]) => [
              language,
              <figure className="json" key={language}>
                <figcaption>
                  {language} <CopyButton text={code} />
                </figcaption>
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
                <pre tabIndex={0}>{code}</pre>
              </figure>,
            ]),
          )}
        />
      </section>
    </div>
  );
}

function Followed({ task }: { readonly task: Task }) {
  const { data = task } = useQuery({ ...taskQuery(task.id), initialData: task });
  return <TaskDetails task={data} />;
}

const exampleOf = ({ schemas: { request } }: DetailedModel): unknown =>
  Array.isArray(request.examples) ? request.examples[0] : {};

interface JsonEditorProps {
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** Whether the text is JSON. */
  readonly onCheck: (isJson: boolean) => void;
}

function JsonEditor({ value, onChange, onCheck }: JsonEditorProps) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [fault, setFault] = useState<string>();
  const read = (next: string) => {
    setText(next);
    try {
      onChange(JSON.parse(next));
      setFault(undefined);
      onCheck(true);
    } catch (error) {
      // Recovery: the request stays as it was, and is not sent, until the text is JSON again.
      setFault(error instanceof Error ? error.message : String(error));
      onCheck(false);
    }
  };
  // The form shows the request as it was.
  useEffect(() => () => onCheck(true), [onCheck]);
  return (
    <label className="editor">
      Request as JSON
      <textarea rows={12} spellCheck={false} value={text} onInput={(event) => read(event.currentTarget.value)} />
      {fault === undefined ? null : <span role="alert">{fault}</span>}
    </label>
  );
}
