import type { FromDashboard, ToDashboard } from '../protocol/dashboard.ts';
import type { DashboardTab } from '../protocol/modelPages.ts';
import type { RequestOrder } from './activityRows.ts';
import type { Order } from './processRows.ts';
import type { Range } from './timeline.ts';

/** What the page remembers while it is hidden, and over a reload of the window. */
export interface PageState {
  readonly range: Range;
  readonly order: Order;
  readonly filter: string;
  /** Names of trees whose lines are not drawn. */
  readonly hidden: readonly string[];
  /** Name of the tree whose output is shown. */
  readonly followed: string;
  readonly tab: DashboardTab;
  readonly requestOrder: RequestOrder;
  /** Name of the model whose requests are shown; empty: all. */
  readonly requestModel: string;
  readonly failedOnly: boolean;
  readonly playground: PlaygroundState;
}

/** As it stands in the fields. */
export interface PlaygroundState {
  readonly model: string;
  /** Empty: none. */
  readonly other: string;
  readonly system: string;
  readonly prompt: string;
  readonly temperature: string;
  readonly maxTokens: string;
}

const initialState: PageState = {
  range: 'recent',
  order: { by: 'natural', descending: false },
  filter: '',
  hidden: [],
  followed: '',
  tab: 'processes',
  requestOrder: { by: 'natural', descending: false },
  requestModel: '',
  failedOnly: false,
  playground: { model: '', other: '', system: '', prompt: '', temperature: '', maxTokens: '' },
};

/** The editor gives every webview this function, which may be called once. */
declare function acquireVsCodeApi(): {
  postMessage(message: FromDashboard): void;
  getState(): Partial<PageState> | undefined;
  setState(state: PageState): void;
};

const api = acquireVsCodeApi();

/** The extension, as the page sees it. */
export const host = {
  tell: (message: FromDashboard): void => api.postMessage(message),
  onMessage: (listener: (message: ToDashboard) => void): void =>
    window.addEventListener('message', ({ data }: MessageEvent<ToDashboard>) => listener(data)),
};

let state: PageState = { ...initialState, ...api.getState() };

export function pageState(): PageState {
  return state;
}

export function remember(changes: Partial<PageState>): void {
  state = { ...state, ...changes };
  api.setState(state);
}
