import type { ModelRequest, ModelSnapshot } from '../../protocol/models.ts';
import type { Instance } from '../instance.ts';
import { hostOf } from './remoteConnections.ts';

/** Why a server elsewhere is known not to answer at present, as a sentence; undefined for all other models. */
export function remoteProblem({ remote }: ModelRequest, instances: readonly Instance[]): string | undefined {
  if (!remote || instances.length === 0 || instances.some(({ isHealthy }) => isHealthy)) return undefined;
  return instances.find(({ problem }) => problem !== undefined)?.problem;
}

/** What is shown of a model that a server elsewhere answers for; nothing of its key, and of its address no more than the host. */
export function remoteView(model: ModelRequest, ready: readonly Instance[]): Partial<ModelSnapshot> {
  const problem = remoteProblem(model, ready);
  return {
    ...(problem !== undefined && { state: 'failed', reason: problem }),
    ...(model.remote && { remoteHost: hostOf(model.remote) }),
    ...(model.fallback !== undefined && { fallback: model.fallback }),
  };
}
