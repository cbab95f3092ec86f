import { join } from 'node:path';
import type { ProcessDeclaration } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import type { ProcessSpec } from './processSchema.ts';
import { resolveTemplate, type TemplateContext } from './resolveSpec.ts';

/** Path of the file that declares processes, from the workspace folder. */
export const processesFile = join('.vscode', 'processes.json');

/** The declaration that is sent to a warden. Where something in it cannot be resolved, it is sent all the same, with the reason. */
export async function declarationOf(name: string, spec: ProcessSpec, context: TemplateContext): Promise<ProcessDeclaration> {
  const declared = { name, instances: spec.instances ?? 1 };
  try {
    return { ...declared, template: await resolveTemplate(spec, context) };
  } catch (error) {
    return { ...declared, problem: errorText(error) };
  }
}
