/** Where the servers of models run that say nothing about it themselves. */
import { modelScopes } from '../protocol/models.ts';
import type { ModelSpec } from './modelSchema.ts';

export type ModelScope = (typeof modelScopes)[number];

/** What is written in a setting or a variable; undefined where it is none. */
export function modelScopeFrom(text: string): ModelScope | undefined {
  return modelScopes.find((scope) => scope === text);
}

/** The same model, with this scope where it declares none. */
export function withScope(spec: ModelSpec, scope: ModelScope): ModelSpec {
  return spec.scope === undefined ? { ...spec, scope } : spec;
}
