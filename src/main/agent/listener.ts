/** What the agent's server takes from the world: requests that came in over a socket only the user can reach. */

export interface AgentRequest {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8, at most 1 MiB: the listener refuses more. */
  readonly body: string;
}

/** An answer as a whole, or one that goes on until either side ends it. */
export type AgentAnswer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | {
      readonly status: 200;
      readonly headers: Readonly<Record<string, string>>;
      /** Begins to write and returns what to do when the caller has gone. */
      readonly stream: (write: (text: string) => void) => () => void;
    };

export interface AgentListener {
  /**
   * Takes the socket; only one agent per socket can.
   * @returns false where another living agent has it.
   * @throws AppError `agent-unsafe` where the socket's folder is not the user's own.
   */
  listen(answer: (request: AgentRequest) => Promise<AgentAnswer>): Promise<boolean>;
  /** Gives the socket up and ends every connection. */
  close(): Promise<void>;
}
