import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TreeId } from '../../protocol/identity.ts';
import { type ActivityPage, type ActivityRequest, type ModelActivity, maxActivity } from '../../protocol/modelActivity.ts';
import type { Answered } from '../modelStatistics.ts';
import { tokenRate } from '../modelStatistics.ts';
import { BodyLog } from './bodyLog.ts';

/** Of what a client calls itself, in characters. */
const maxClient = 100;
/** Of a path, in characters: those of a server's own are as long as a client makes them, and all are sent with each look. */
const maxPath = 200;
/** Of an error, in characters. */
const maxError = 500;

interface Logged {
  activity: ModelActivity;
  revision: number;
}

/** One request, while it is answered. */
export interface FollowedRequest {
  /** See {@link ModelActivity.id}. */
  readonly id: number;
  /** Another model is asked instead; what has become of it before is forgotten. */
  fellBack(model: string): void;
  /** A server has taken it. */
  taken(queueMillis: number, by?: { readonly loadMillis?: number; readonly server?: TreeId | undefined }): void;
  ended(outcome: { readonly status: number; readonly error?: string; readonly answered?: Answered }): void;
}

/** The last requests: what they asked for and what has become of them, and nothing of what they say. */
export class ActivityLog {
  readonly #gateway = randomBytes(8).toString('hex');
  /** In the order in which they came. */
  readonly #logged: Logged[] = [];
  readonly #bodies: Pick<BodyLog, 'has' | 'isOn'>;
  readonly #onChange: () => void;
  #ids = 0;
  #revision = 0;

  /** `onChange`: hears of each change, without arguments. */
  constructor(bodies: Pick<BodyLog, 'has' | 'isOn'> = new BodyLog(), onChange: () => void = () => undefined) {
    this.#bodies = bodies;
    this.#onChange = onChange;
  }

  /** Of this process: ids are of the same gateway. */
  get gateway(): string {
    return this.#gateway;
  }

  /** `asked`: the name in the request. */
  begin(
    { headers }: Pick<IncomingMessage, 'headers'>,
    {
      model,
      asked,
      path,
      isFirst,
      client,
    }: {
      readonly model: string;
      readonly asked: string | undefined;
      readonly path: string;
      readonly isFirst: boolean;
      /** Whose key it has shown, where that is a client's own. */
      readonly client?: string | undefined;
    },
  ): FollowedRequest {
    const begunAt = performance.now();
    const logged: Logged = {
      revision: ++this.#revision,
      activity: {
        id: ++this.#ids,
        startedAt: Date.now(),
        model,
        ...(asked !== undefined && asked !== model && { asked }),
        client: client ?? clientIn(headers['user-agent']),
        path: (path.split('?', 1)[0] ?? '').slice(0, maxPath),
        state: 'waiting',
        ...(isFirst && { isFirst }),
      },
    };
    this.#logged.push(logged);
    if (this.#logged.length > maxActivity) this.#logged.shift();
    const change = (changes: Partial<ModelActivity>): void => {
      logged.activity = { ...logged.activity, ...changes };
      logged.revision = ++this.#revision;
      this.#onChange();
    };
    this.#onChange();
    const { id } = logged.activity;
    return {
      id,
      fellBack: (fallback) => {
        const { status: _, error: _error, totalMillis: _total, ...activity } = logged.activity;
        logged.activity = activity;
        change({ state: 'waiting', fallback });
      },
      taken: (queueMillis, { loadMillis = 0, server } = {}) =>
        change({ state: 'answering', queueMillis, ...(loadMillis > 0 && { loadMillis }), ...(server !== undefined && { server }) }),
      ended: ({ status, error, answered }) =>
        change({
          state: 'ended',
          totalMillis: performance.now() - begunAt,
          status,
          ...(error !== undefined && { error: error.slice(0, maxError) }),
          // Its head was sent already, and says that all is well.
          ...(error === undefined && status < 400 && answered?.failed && { error: 'The answer broke off, or ended with an error.' }),
          ...(answered && figuresOf(answered)),
        }),
    };
  }

  page({ after }: ActivityRequest): ActivityPage {
    const from = after?.gateway === this.#gateway ? after.revision : 0;
    const requests = this.#logged
      .filter(({ revision }) => revision > from)
      .map(({ activity }) => (this.#bodies.has(activity.id) ? { ...activity, hasBodies: true as const } : activity));
    const oldest = this.#logged[0]?.activity.id;
    return {
      gateway: this.#gateway,
      revision: this.#revision,
      requests,
      ...(oldest !== undefined && { oldest }),
      ...(this.#bodies.isOn && { keepsBodies: true }),
    };
  }
}

function figuresOf(answered: Answered): Partial<ModelActivity> {
  const { queueMillis, firstTokenMillis, inputTokens, cachedTokens, outputTokens } = answered;
  const [tokensPerSecond] = tokenRate(answered);
  return {
    queueMillis,
    ...(firstTokenMillis !== undefined && { firstMillis: firstTokenMillis }),
    ...(inputTokens !== undefined && { inputTokens }),
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
  };
}

/** The first product of it: `OpenAI/Python`, not all that it was built with. */
function clientIn(agent: string | undefined): string {
  return (agent ?? '').trim().split(/\s+/, 1)[0]?.slice(0, maxClient) ?? '';
}
