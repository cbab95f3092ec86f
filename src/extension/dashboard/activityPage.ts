import * as vscode from 'vscode';
import { curlCommand, type RepeatedRequest } from '../../client/curlCommand.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { isWhole } from '../../protocol/keptText.ts';
import type { ToModelPages } from '../../protocol/modelPages.ts';
import type { BodiesRequest } from '../../protocol/requestBodies.ts';
import { copy } from '../commandUtilities.ts';
import { errorText } from '../localized.ts';
import { ActivityFeed } from '../models/activityFeed.ts';
import type { Models } from '../models/models.ts';
import type { ReadOnlyDocuments } from '../readOnlyDocuments.ts';
import type { WardenLink } from '../wardenLink.ts';

export interface ActivityPageParts {
  readonly link: WardenLink;
  readonly models: Models;
  readonly documents: ReadOnlyDocuments;
}

/** What stands behind the dashboard's page of requests. */
export class ActivityPage implements vscode.Disposable {
  readonly #parts: ActivityPageParts;
  readonly #tell: (message: ToModelPages) => void;
  readonly #feed: ActivityFeed;
  #replaying: AbortController | undefined;

  constructor(parts: ActivityPageParts, tell: (message: ToModelPages) => void) {
    const { link, models } = parts;
    this.#parts = parts;
    this.#tell = tell;
    this.#feed = new ActivityFeed({ clients: () => link.modelClients(), isShown: (model) => models.find(model) !== undefined }, (news) =>
      tell({ kind: 'activity', ...news }),
    );
  }

  dispose(): void {
    this.watch(false);
  }

  watch(isVisible: boolean): void {
    this.#feed.watch(isVisible);
    if (!isVisible) this.stopReplay();
  }

  modelsChanged(): void {
    this.#feed.changed();
  }

  async keepBodies(keep: boolean, choice: number): Promise<void> {
    try {
      await this.#feed.keepBodies(keep, choice);
    } finally {
      // Also where it has failed: the page shows what is so.
      this.#feed.changed();
    }
  }

  async tellBodies(of: BodiesRequest): Promise<void> {
    this.#tell({ kind: 'bodies', of, bodies: await this.#feed.bodies(of) });
  }

  async copyCurl(of: BodiesRequest): Promise<void> {
    await copy(curlCommand(await this.#repeated(of)), vscode.l10n.t('curl command'));
  }

  /** One at a time. */
  async replay(of: BodiesRequest): Promise<void> {
    this.stopReplay();
    const replaying = new AbortController();
    this.#replaying = replaying;
    const say = (text: string, anew: boolean, end?: string): void => {
      if (this.#replaying === replaying) this.#tell({ kind: 'replay', of, text, anew, ...(end !== undefined && { end }) });
    };
    say('', true);
    try {
      const { replay } = await import('../../client/replay.ts');
      const { status, isCut } = await replay(await this.#repeated(of), this.#gateway.token, (text) => say(text, false), replaying.signal);
      say('', false, isCut ? vscode.l10n.t('Status {0}; only the beginning is shown.', status) : vscode.l10n.t('Status {0}', status));
    } catch (error) {
      say('', false, replaying.signal.aborted ? vscode.l10n.t('Stopped') : errorText(error));
    } finally {
      if (this.#replaying === replaying) this.#replaying = undefined;
    }
  }

  stopReplay(): void {
    this.#replaying?.abort();
  }

  /** The log of the server that has answered, at the moment when the request came. */
  async openServerLog(server: TreeId, at: number): Promise<void> {
    const tree = this.#parts.link.trees.find(({ id }) => id === server);
    if (!tree) throw new Error(vscode.l10n.t('The server of this request has ended, and its output is no longer listed here.'));
    const { openLog } = await import('../output/main.ts');
    await openLog(tree, this.#parts, at);
  }

  get #gateway(): { readonly url: string; readonly token: string } {
    const { gateway } = this.#parts.models;
    if (!gateway) throw new Error(vscode.l10n.t('The model gateway has not started yet.'));
    return gateway;
  }

  async #repeated(of: BodiesRequest): Promise<RepeatedRequest> {
    const bodies = await this.#feed.bodies(of);
    if (!bodies) throw new Error(vscode.l10n.t('What this request said is no longer kept.'));
    if (!isWhole(bodies.request))
      throw new Error(
        vscode.l10n.t('This request cannot be sent again, because only a part of it was kept, or keys and images in it were left out.'),
      );
    const { path, contentType, request } = bodies;
    return { url: this.#gateway.url, path, contentType: contentType || 'application/json', body: request.text };
  }
}
