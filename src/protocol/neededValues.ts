import type { ProcessDeclaration } from './declare.ts';
import { startVariablesIn } from './processTemplate.ts';

/** The variables whose values a start of this process needs: of its template, and of what follows a change of its files. Each once. */
export function startVariablesOf(process: ProcessDeclaration): string[] {
  if (!('template' in process)) return [];
  const { template, watch } = process;
  const ofWatch = watch?.action.by === 'run' ? startVariablesIn({ ...template, argv: watch.action.argv }) : [];
  return [...new Set([...startVariablesIn(template), ...ofWatch])];
}
