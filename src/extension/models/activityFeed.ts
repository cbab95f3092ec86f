import { setTimeout as sleep } from 'node:timers/promises';
import type { WardenClient } from '../../client/wardenClient.ts';
import type { ActivityPage, ActivityRequest } from '../../protocol/modelActivity.ts';
import type { ActivityEntry, KnownGateway } from '../../protocol/modelPages.ts';
import type { BodiesRequest, KeptBodies } from '../../protocol/requestBodies.ts';

/** Shortest time between two looks, in milliseconds: each request changes it several times. */
const pauseMillis = 200;

export interface ActivityNews {
  readonly requests: readonly ActivityEntry[];
  readonly gateways: readonly KnownGateway[];
  /** These are all of them. */
  readonly anew: boolean;
  /** The last choice whether what is said is kept that was over when this was looked for. */
  readonly choice?: number;
}

export interface ActivitySources {
  /** Those that may have a gateway: the window's own warden, and the model service. */
  clients(): Promise<readonly WardenClient[]>;
  /** The model service has those of other windows as well. */
  isShown(model: string): boolean;
}

/** The last requests to the models of this window. It looks only while they are to be seen, and only when something of the models has changed. */
export class ActivityFeed {
  readonly #sources: ActivitySources;
  readonly #tell: (news: ActivityNews) => void;
  /** Of each client, up to where it has told. */
  #told = new Map<WardenClient, NonNullable<ActivityRequest['after']>>();
  #isWatched = false;
  #isAnew = false;
  #isLooking = false;
  #isDue = false;
  #choice: number | undefined;

  constructor(sources: ActivitySources, tell: (news: ActivityNews) => void) {
    this.#sources = sources;
    this.#tell = tell;
  }

  /** The one who watches anew knows nothing. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    if (!isWatched) return;
    this.#told = new Map();
    this.#isAnew = true;
    void this.#look();
  }

  /** To be called when something of the models has changed. */
  changed(): void {
    if (this.#isWatched) void this.#look();
  }

  /** Whether what is said from now on is kept, by all gateways; `choice` is told with what is looked for from then on. */
  async keepBodies(keep: boolean, choice: number): Promise<void> {
    try {
      await Promise.all(Array.from(this.#told.keys(), (client) => client.keepBodies(keep)));
    } finally {
      this.#choice = choice;
    }
  }

  /** Null where they are not kept. */
  async bodies(request: BodiesRequest): Promise<KeptBodies | null> {
    const [client] = [...this.#told].find(([, { gateway }]) => gateway === request.gateway) ?? [];
    return (await client?.requestBodies(request)) ?? null;
  }

  async #look(): Promise<void> {
    this.#isDue = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#isDue && this.#isWatched) {
        this.#isDue = false;
        await this.#lookOnce();
        if (this.#isWatched) await sleep(pauseMillis);
      }
    } finally {
      this.#isLooking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const told = this.#told;
    const choice = this.#choice;
    const clients = await this.#sources.clients().catch(() => []);
    const pages = await Promise.all(clients.map(async (client) => ({ client, page: await pageOf(client, told.get(client)) })));
    // Watched anew meanwhile: the next look tells all.
    if (told !== this.#told) return;
    const requests: ActivityEntry[] = [];
    const gateways: KnownGateway[] = [];
    for (const { client, page } of pages) {
      if (!page) {
        told.delete(client);
        continue;
      }
      const { gateway, revision, keepsBodies = false } = page;
      told.set(client, { gateway, revision });
      gateways.push({ id: gateway, keepsBodies });
      requests.push(...page.requests.filter(({ model }) => this.#sources.isShown(model)).map((request) => ({ ...request, gateway })));
    }
    if (this.#isWatched) this.#tell({ requests, gateways, anew: this.#isAnew, ...(choice !== undefined && { choice }) });
    this.#isAnew = false;
  }
}

/** Null where it has no gateway, or has just ended. */
async function pageOf(client: WardenClient, after: ActivityRequest['after']): Promise<ActivityPage | null> {
  return await client.modelActivity(after ? { after } : {}).catch(() => null);
}
