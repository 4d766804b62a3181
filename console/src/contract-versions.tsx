import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from './api.ts';
import { modelsQuery } from './models.ts';
import { useSession } from './session.tsx';
import type { DetailedModel } from './types.ts';
import { Failure, Loading, State, Table } from './ui.tsx';

const baseOf = (name: string): string => name.split('@')[0] ?? name;

/**
 * The contracts that the model has had side by side. One that is not compatible with version 1 is a version of its own.
 */
export function ContractVersions({ model }: { readonly model: DetailedModel }) {
  const { may } = useSession();
  const client = useQueryClient();
  const base = baseOf(model.name);
  const { data, error } = useQuery(modelsQuery());
  const choosing = useMutation({
    mutationFn: (version: number) =>
      get(`/models/${encodeURIComponent(base)}`, { method: 'PATCH', body: { default_version: version } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['models'] }),
  });
  if (error && !data) return <Failure error={error} />;
  if (!data) return <Loading />;
  const versions = data.models.filter(({ name }) => baseOf(name) === base);
  const first = versions.find(({ contract_version }) => contract_version === 1);
  const known = first?.default_version ?? 1;
  return (
    <>
      {choosing.error ? <Failure error={choosing.error} /> : null}
      <Table titles={['Version', 'State', 'Request', 'Response', 'Compatible with', 'The bare name means it']}>
        {versions.map((version) => (
          <tr key={version.name}>
            <td>
              <Link href={`/models/${version.name}`}>{version.contract_version}</Link>
            </td>
            <td>
              <State state={version.state} />
            </td>
            <td>{version.request_message ?? '–'}</td>
            <td>{version.response_message ?? '–'}</td>
            <td>{version.contract_version === 1 ? 'every build of version 1' : 'itself; not with those before'}</td>
            <td>
              {version.contract_version === known ? 'yes' : null}
              {version.contract_version !== known && may('PATCH', '/models/{model}') ? (
                <button type="button" className="quiet" onClick={() => choosing.mutate(version.contract_version)}>
                  Make version {version.contract_version} the default
                </button>
              ) : null}
            </td>
          </tr>
        ))}
      </Table>
      <p className="faint">
        Changes that older callers understand join the version they change. Others need a version of their own.
      </p>
    </>
  );
}
