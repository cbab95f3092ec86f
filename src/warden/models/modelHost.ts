import type { TreeId } from '../../protocol/identity.ts';
import type { ActivityPage, ActivityRequest } from '../../protocol/modelActivity.ts';
import type { DeclaredModels, GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../../protocol/models.ts';
import type { BodiesRequest, KeptBodies } from '../../protocol/requestBodies.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { Text } from '../../protocol/texts.ts';

export interface ModelDeclaration {
  readonly models: readonly ModelRequest[];
  readonly gateway: GatewayOptions;
}

/** What serves the models that are declared to this warden: its own gateway, or the model service of the user. */
export interface ModelHost {
  /** Undefined before anything was declared. */
  readonly info: GatewayInfo | undefined;
  /** Of a gateway process of this warden. */
  readonly pid: number | undefined;
  /** What is wrong with it at present, as a sentence. */
  readonly problem: Text | undefined;
  /** As they were reported last. */
  readonly snapshots: readonly ModelSnapshot[];
  freshSnapshots(): Promise<readonly ModelSnapshot[]>;
  serverMetrics(): Promise<string>;
  /** What was asked lately; null where another warden knows that. */
  activity(request: ActivityRequest): Promise<ActivityPage | null>;
  /** See {@link keepBodies}. */
  keepBodies(keep: boolean): Promise<void>;
  /** Null where they are not kept, or by another warden. */
  bodies(request: BodiesRequest): Promise<KeptBodies | null>;
  declare(declaration: ModelDeclaration): Promise<DeclaredModels>;
  load(model: string, instances?: number): Promise<ModelSnapshot>;
  unload(model: string, now: boolean): Promise<ModelSnapshot>;
  /** Undefined where the tree is no server of a model that runs in this warden. */
  restart(tree: TreeId): Promise<TreeSnapshot | undefined>;
  startAgain(): Promise<void>;
  /** Resolves when nothing is started any more. */
  close(): Promise<void>;
}
