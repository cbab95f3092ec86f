import * as vscode from 'vscode';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';

/** Whether it waits for an answer, and its terminal is not the one that the user has used last. */
export function isUnanswered(tree: Pick<TreeSnapshot, 'prompt' | 'name' | 'pool'> | undefined): boolean {
  return tree?.prompt !== undefined && vscode.window.activeTerminal?.name !== visible(labelOf(tree));
}
