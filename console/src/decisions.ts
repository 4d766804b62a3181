import { useMutation, useQueryClient } from '@tanstack/react-query';
import { get } from './api.ts';

/** What an operator asks for. */
export interface DeployOrder {
  readonly version: string;
  readonly force?: true;
  readonly strategy?: string;
  /** From 0 to 1. */
  readonly share?: number;
}

/** Decides about the versions of a model, and reads what is known of it again. */
export function useDecisions(model: string) {
  const client = useQueryClient();
  const path = `/models/${encodeURIComponent(model)}`;
  const onSettled = () =>
    Promise.all(['deployments', 'versions'].map((key) => client.invalidateQueries({ queryKey: [key, model] })));
  const deploying = useMutation({
    mutationFn: (body: DeployOrder) => get(`${path}/deployments`, { method: 'POST', body }),
    onSettled,
  });
  const rollingBack = useMutation({
    mutationFn: (body: { readonly version?: string }) => get(`${path}/rollback`, { method: 'POST', body }),
    onSettled,
  });
  return { deploying, rollingBack, isBusy: deploying.isPending || rollingBack.isPending };
}
