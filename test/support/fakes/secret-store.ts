/** A keyring in memory. */
export class FakeSecretStore {
  readonly secrets = new Map<string, string>();
  /** Thrown by everything until it is taken away. */
  failure: Error | null = null;
  /** How often it was asked for anything. */
  uses = 0;
  /** Called in the midst of each use. */
  during: () => void | Promise<void> = () => undefined;

  async get(name: string): Promise<string | null> {
    await this.#use();
    return this.secrets.get(name) ?? null;
  }

  async set(name: string, secret: string): Promise<void> {
    await this.#use();
    this.secrets.set(name, secret);
  }

  async delete(name: string): Promise<void> {
    await this.#use();
    this.secrets.delete(name);
  }

  async #use(): Promise<void> {
    this.uses += 1;
    await Promise.resolve();
    await this.during();
    if (this.failure !== null) throw this.failure;
  }
}
