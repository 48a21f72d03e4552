/** The network in memory: one reaction for all requests. */
export interface FakeRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface FakeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly verified: boolean;
}

export class FakeHttp {
  readonly requests: FakeRequest[] = [];
  /** Addresses a connection was made to ahead. */
  readonly warmed: string[] = [];
  react: (request: FakeRequest) => FakeResponse;

  constructor(react: (request: FakeRequest) => FakeResponse) {
    this.react = react;
  }

  async send(request: FakeRequest): Promise<FakeResponse> {
    this.requests.push(request);
    return this.react(request);
  }

  warm(url: string): void {
    this.warmed.push(url);
  }
}
