import * as vscode from 'vscode';
import { formatDuration } from '../../protocol/format.ts';
import type { KnownMemory } from '../../protocol/modelMemory.ts';
import type { GatewayInfo } from '../../protocol/models.ts';
import { budgetText, memoryText, modelStateText, speedText } from '../../protocol/modelText.ts';
import { labelOf } from '../../protocol/trees.ts';
import type { Model } from '../models/models.ts';
import { Tooltip } from './tooltip.ts';

/** The hover of a model's row. */
export function modelTooltip({ name, declared, snapshot }: Model, gateway: GatewayInfo | undefined): vscode.MarkdownString {
  const text = new Tooltip(name, declared?.spec.description);
  text.line(vscode.l10n.t('Runtime'), [declared?.spec.runtime, declared?.spec.model].filter(Boolean).join(', '));
  if (gateway) text.line(vscode.l10n.t('Endpoint'), `${gateway.url}/v1`);
  if (!snapshot) return text.markdown;
  const { aliases, statistics, exclusive, memory, isPinned, unloadAt, reason, instances, queued } = snapshot;
  text.line(vscode.l10n.t('State'), modelStateText(snapshot));
  if (aliases.length > 0) text.line(vscode.l10n.t('Aliases'), aliases.join(', '));
  if (exclusive !== undefined) text.line(vscode.l10n.t('Exclusive group'), exclusive);
  if (snapshot.remoteHost !== undefined) text.line(vscode.l10n.t('Remote server'), snapshot.remoteHost);
  if (snapshot.fallback !== undefined) text.line(vscode.l10n.t('Fallback'), snapshot.fallback);
  if (snapshot.budget) {
    const renews = new Date(snapshot.budget.renewsAt).toLocaleString();
    text.line(vscode.l10n.t('Budget'), vscode.l10n.t('{0}, until {1}', budgetText(snapshot), renews));
  }
  if (memoryText(memory)) text.line(vscode.l10n.t('Memory of a server'), `${memoryText(memory)} (${sourceText(memory?.source)})`);
  if (isPinned) text.line(vscode.l10n.t('Pinned'), vscode.l10n.t('not unloaded for other models'));
  for (const server of snapshot.remoteHost === undefined ? instances : []) {
    const { outstanding, statistics: own } = server;
    const parts = [
      server.state,
      `:${server.port ?? '-'}`,
      vscode.l10n.t('{0} in progress, {1} answered, {2} tokens out', outstanding, own.requests - own.failures, own.outputTokens),
      speedText(server),
    ];
    text.line(labelOf({ name: server.name, pool: name }), parts.filter(Boolean).join(', '));
  }
  if (queued > 0) text.line(vscode.l10n.t('Queued'), vscode.l10n.t('{0} requests', queued));
  const { requests, failures, inputTokens, outputTokens, firstTokenMillis, queueMillis, limited = 0 } = statistics;
  if (requests > 0) {
    text.line(vscode.l10n.t('Requests'), vscode.l10n.t('{0}, {1} of them failed', requests, failures));
    if (limited > 0) text.line(vscode.l10n.t('Refused as too many (429)'), String(limited));
    text.line(vscode.l10n.t('Tokens'), vscode.l10n.t('{0} in, {1} out', inputTokens, outputTokens));
    if (firstTokenMillis !== undefined) text.line(vscode.l10n.t('Time to first token'), formatDuration(firstTokenMillis));
    if (queueMillis !== undefined) text.line(vscode.l10n.t('Time in queue'), formatDuration(queueMillis));
    if (speedText(snapshot)) text.line(vscode.l10n.t('Speed'), speedText(snapshot));
  }
  if (unloadAt !== undefined) text.line(vscode.l10n.t('Unloads at'), new Date(unloadAt).toLocaleTimeString());
  if (reason) text.lines(vscode.l10n.t('Reason'), reason.split('\n'));
  return text.markdown;
}

/** How the memory of a model is known. */
function sourceText(source: KnownMemory['source'] = 'unknown'): string {
  switch (source) {
    case 'declared':
      return vscode.l10n.t('as declared');
    case 'measured':
      return vscode.l10n.t('measured at the last load');
    case 'estimated':
      return vscode.l10n.t('estimated by the file of the model');
    case 'unknown':
      return vscode.l10n.t('not known');
  }
}
