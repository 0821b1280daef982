// The globals of a Harper thread that this package uses, as found in Harper 4.7.

interface HarperAttribute {
  name: string;
  type?: string;
  indexed?: unknown;
  /** Of a column, in attributes that the plugin added. */
  bigqueryType?: string;
  isPrimaryKey?: boolean;
  assignCreatedTime?: boolean;
  assignUpdatedTime?: boolean;
  relationship?: unknown;
  computed?: unknown;
  properties?: HarperAttribute[];
}

interface HarperQuery {
  conditions?: { attribute: string; comparator: string; value: unknown }[];
  sort?: { attribute: string; descending?: boolean };
  limit?: number;
}

interface HarperRecord {
  allowRead(user: HarperUser | undefined, target: unknown, context: unknown): boolean;
}

/** Passed to `put` and `delete` to make them part of a transaction. */
interface HarperTransaction {
  /** Whether the check has been made that no earlier transaction waits too long for its commit. */
  overloadChecked?: boolean;
}

interface HarperUser {
  username?: string;
  role?: { role: string; permission?: { super_user?: boolean } };
}

interface HarperTable {
  new (...args: any[]): HarperRecord;
  tableName: string;
  databaseName: string;
  primaryKey: string;
  attributes: HarperAttribute[];
  get(id: string): Promise<any>;
  delete(id: string, transaction?: HarperTransaction): Promise<boolean>;
  put(record: object, transaction?: HarperTransaction): Promise<void>;
  search(query: HarperQuery): AsyncIterable<any>;
  addAttributes(attributes: HarperAttribute[]): Promise<void>;
  subscribe(request: object): Promise<HarperSubscription>;
}

interface HarperSubscription extends AsyncIterable<{ id: string; type: string; value: any }> {
  end(): void;
}

interface HarperLogger {
  trace?(...data: unknown[]): void;
  debug?(...data: unknown[]): void;
  info?(...data: unknown[]): void;
  warn?(...data: unknown[]): void;
  error?(...data: unknown[]): void;
}

interface HarperResources {
  has(path: string): boolean;
  set(path: string, resource: unknown): void;
}

interface HarperScope {
  pluginName: string;
  resources: HarperResources;
  databaseEvents: NodeJS.EventEmitter;
  logger: HarperLogger;
  directory: string;
  configFilePath: string;
  on(event: string, listener: (...args: any[]) => void): void;
}

declare const tables: Record<string, HarperTable>;
/** Their tables; `tables` has those of the default one. */
declare const databases: Record<string, Record<string, HarperTable>>;
declare const server: {
  hostname: string;
  workerIndex: number;
  workerCount: number;
  /** The other nodes. */
  nodes: { name: string }[];
  operation(operation: object, context: object, authorize: boolean): Promise<any>;
};
declare function transaction<T>(callback: (txn: HarperTransaction) => T): Promise<T>;
/** `timestamp` dates the versions that are written, in milliseconds. */
declare function transaction<T>(context: { timestamp?: number }, callback: (txn: HarperTransaction) => T): Promise<T>;
declare class Resource {
  /** Finds the resource, asks whether the user may, and hands the data to its own `post`. */
  static post(target: unknown, data: unknown, request: unknown): Promise<unknown>;
  getContext(): { user?: HarperUser };
}
