import { join } from 'node:path';
import type { ProcessDeclaration } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import type { ProcessSpec } from './processSchema.ts';
import { resolveTemplate, type TemplateContext } from './resolveSpec.ts';
import { resolveWatch } from './watch.ts';

/** Path of the file that declares processes, from the workspace folder. */
export const processesFile = join('.vscode', 'processes.json');

/** Path of the file beside it that has what one person changes or adds, from the workspace folder. */
export const localFile = join('.vscode', 'processes.local.json');

/** The declaration that is sent to a warden. Where something in it cannot be resolved, it is sent all the same, with the reason. */
export async function declarationOf(name: string, spec: ProcessSpec, context: TemplateContext): Promise<ProcessDeclaration> {
  const { instances = 1, dependsOn, schedule, jobs } = spec;
  const named = dependsOn?.map((one) => ({ ...one, name: context.processName?.(one.name) ?? one.name }));
  const declared = { name, instances, ...(named && { dependsOn: named }), ...(schedule && { schedule }), ...(jobs && { jobs }) };
  try {
    const template = await resolveTemplate(spec, context);
    const located = { ...context, ...(template.folder === undefined && { cwd: template.cwd }) };
    return { ...declared, ...(spec.watch && { watch: await resolveWatch(spec.watch, spec, located) }), template };
  } catch (error) {
    return { ...declared, problem: errorText(error) };
  }
}
