/** What the dashboard's page and the extension say to one another, by postMessage. */
import type { Dependency } from './declare.ts';
import type { History } from './figures.ts';
import type { TreeId } from './identity.ts';
import type { FromModelPages, ModelPageText, ToModelPages } from './modelPages.ts';
import type { ModelSnapshot } from './models.ts';
import type { TreeSnapshot } from './snapshot.ts';

export type ToDashboard =
  /** A sample; `at` in milliseconds since 1970. */
  | { readonly kind: 'trees'; readonly at: number; readonly trees: readonly TreeSnapshot[] }
  | { readonly kind: 'models'; readonly models: readonly ModelSnapshot[] }
  | { readonly kind: 'graph'; readonly processes: readonly GraphProcess[] }
  | { readonly kind: 'history'; readonly tree: TreeId; readonly history: History }
  /** More of the output that is followed, without colours; `anew` where it is of another tree than before. */
  | { readonly kind: 'output'; readonly text: string; readonly anew: boolean }
  | ToModelPages;

/** A declared process in the graph of dependencies. */
export interface GraphProcess {
  readonly name: string;
  readonly dependsOn: readonly Dependency[];
  /** It waits for what it depends on, or for the time of its schedule. */
  readonly waits?: true;
  /** Its last start has failed. */
  readonly failed?: true;
}

/** Commands of the extension that the page has buttons for. */
export type DashboardCommand = 'restart' | 'stop' | 'killNow' | 'showOutput' | 'start';

/** What the page says, in the editor's language; `{0}` stands for a value. */
export type DashboardTexts = Readonly<
  Record<
    | 'cpu'
    | 'memory'
    | 'storage'
    | 'gpu'
    | 'gpuMemory'
    | 'process'
    | 'pid'
    | 'tree'
    | 'threads'
    | 'ports'
    | 'model'
    | 'state'
    | 'servers'
    | 'waiting'
    | 'requests'
    | 'failed'
    | 'tokensIn'
    | 'tokensOut'
    | 'firstToken'
    | 'speed'
    | 'allTogether'
    | 'showOrHide'
    | 'choose'
    | 'count'
    | 'countOne'
    | 'countOf'
    | 'idle'
    | 'waits'
    | 'starting'
    | 'live'
    | 'succeeded'
    | 'ended'
    | 'hasFailed'
    | ModelPageText,
    string
  >
>;

export type FromDashboard =
  | { readonly kind: 'ready' }
  | { readonly kind: 'follow'; readonly tree: TreeId }
  | { readonly kind: 'command'; readonly command: DashboardCommand; readonly process: string }
  /** A file for the user to put somewhere. */
  | { readonly kind: 'save'; readonly name: string; readonly base64: string }
  | FromModelPages;
