import { useQuery } from '@tanstack/react-query';
import { send } from './api.ts';
import { ContractVersions } from './contract-versions.tsx';
import type { DetailedModel } from './types.ts';
import { CopyButton, Failure, JsonView, Loading, Tabs } from './ui.tsx';

/** Request and response of the model, as text and schema. */
export function Contract({ model }: { readonly model: DetailedModel }) {
  return (
    <Tabs
      label="Contract"
      tabs={{
        Versions: <ContractVersions model={model} />,
        '.proto': <ProtoSource name={model.name} />,
        'Request schema': <JsonView name={`${model.name}-request-schema`} value={model.schemas.request} />,
        'Response schema': <JsonView name={`${model.name}-response-schema`} value={model.schemas.response} />,
      }}
    />
  );
}

function ProtoSource({ name }: { readonly name: string }) {
  const { data, error } = useQuery({
    queryKey: ['proto', name],
    queryFn: async () => (await send(`/models/${name}/schema`, { accept: 'text/plain' })).text(),
    staleTime: 60_000,
  });
  if (error) return <Failure error={error} />;
  if (data === undefined) return <Loading />;
  return (
    <figure className="json">
      <figcaption>
        {name}.proto <CopyButton text={data} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0}>{data}</pre>
    </figure>
  );
}
