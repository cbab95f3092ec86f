/** What the dashboard's pages of models and the extension say to one another: the last requests, and the playground. */
import type { TreeId } from './identity.ts';
import type { ModelActivity } from './modelActivity.ts';
import type { BodiesRequest, KeptBodies } from './requestBodies.ts';

export const dashboardTabs = ['processes', 'activity', 'playground'] as const;
export type DashboardTab = (typeof dashboardTabs)[number];

/** A request, and the gateway process that tells of it: ids are of one process. */
export interface ActivityEntry extends ModelActivity {
  readonly gateway: string;
}

export interface KnownGateway {
  readonly id: string;
  readonly keepsBodies: boolean;
}

/** What one model is asked in the playground. */
export interface Prompt {
  readonly model: string;
  /** Empty: none. */
  readonly system: string;
  readonly text: string;
  /** As `data:` URLs. */
  readonly images: readonly string[];
  readonly temperature?: number;
  readonly maxTokens?: number;
}

/** Maximum number of images of a prompt, and of bytes of each. */
export const maxImages = 4;
export const maxImageBytes = 8 * 2 ** 20;
/** Maximum number of characters of a prompt, and of an answer in the page. */
export const maxPromptLength = 200_000;
export const maxAnswerLength = 400_000;

export interface AnswerFigures {
  readonly firstTokenMillis?: number;
  readonly totalMillis: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly tokensPerSecond?: number;
}

/** One of the answers that stand side by side. */
export interface PlaygroundAnswer {
  /** 0 is the left one. */
  readonly pane: number;
  readonly model: string;
  /** More of the answer; all of it where `anew`. */
  readonly text: string;
  readonly anew: boolean;
  readonly state: 'waiting' | 'answering' | 'ended' | 'stopped' | 'failed';
  /** What the model does while there is nothing of an answer, or why it has failed. */
  readonly note: string;
  readonly figures?: AnswerFigures;
}

export type ToModelPages =
  | { readonly kind: 'show'; readonly tab: DashboardTab; readonly model?: string }
  /** Those that are new or have changed; all where `anew`. */
  | {
      readonly kind: 'activity';
      readonly requests: readonly ActivityEntry[];
      readonly gateways: readonly KnownGateway[];
      readonly anew: boolean;
      /** The last choice of `keepBodies` that was carried out, or has failed, before this was looked for. */
      readonly choice?: number;
    }
  | { readonly kind: 'bodies'; readonly of: BodiesRequest; readonly bodies: KeptBodies | null }
  /** More of what is answered to a request that was sent again; `end` says how that has ended. */
  | { readonly kind: 'replay'; readonly of: BodiesRequest; readonly text: string; readonly anew: boolean; readonly end?: string }
  | ({ readonly kind: 'answer' } & PlaygroundAnswer);

export type FromModelPages =
  /** Requests are told only while they are to be seen. */
  | { readonly kind: 'watchActivity'; readonly isVisible: boolean }
  /** `choice`: when the user has chosen that, in milliseconds since 1970; tells one choice from another. */
  | { readonly kind: 'keepBodies'; readonly keep: boolean; readonly choice: number }
  | { readonly kind: 'askBodies' | 'copyCurl' | 'replay'; readonly of: BodiesRequest }
  | { readonly kind: 'stopReplay' }
  /** `at`: in milliseconds since 1970. */
  | { readonly kind: 'openServerLog'; readonly server: TreeId; readonly at: number }
  /** Of one or two models. */
  | { readonly kind: 'ask'; readonly prompts: readonly Prompt[] }
  | { readonly kind: 'stopAsking' };

/** What these pages say, in the editor's language; `{0}` stands for a value. */
export type ModelPageText =
  | 'time'
  | 'client'
  | 'status'
  | 'course'
  | 'queue'
  | 'load'
  | 'first'
  | 'rest'
  | 'total'
  | 'tokenSpeed'
  | 'in'
  | 'cached'
  | 'out'
  | 'path'
  | 'error'
  | 'server'
  | 'allModels'
  | 'failedOnly'
  | 'keepBodies'
  | 'keepBodiesTitle'
  | 'noRequests'
  | 'noneFits'
  | 'requestCount'
  | 'requestCountOf'
  | 'chooseRequest'
  | 'waitingState'
  | 'answeringState'
  | 'openLog'
  | 'replay'
  | 'stopReplay'
  | 'copyCurl'
  | 'theRequest'
  | 'theAnswer'
  | 'theReplay'
  | 'bodiesOff'
  | 'bodiesGone'
  | 'noText'
  | 'cutTo'
  | 'isMasked'
  | 'cannotRepeat'
  | 'compareWith'
  | 'noOther'
  | 'system'
  | 'prompt'
  | 'temperature'
  | 'maxTokens'
  | 'serversDefault'
  | 'images'
  | 'addImages'
  | 'removeImage'
  | 'imageTooLarge'
  | 'imageKind'
  | 'tooManyImages'
  | 'send'
  | 'stopAnswers'
  | 'waitingFor'
  | 'stopped'
  | 'figures'
  | 'figureFirst'
  | 'figureTotal'
  | 'figureTokens'
  | 'figureSpeed';
