/** A configuration file in memory. */
export class FakeSettingsFile<Document> {
  readonly path = '/home/user/.config/rolekey/config.json';
  document: Document | undefined = undefined;
  /** Thrown by the next reads or writes until it is taken away. */
  readFailure: Error | null = null;
  writeFailure: Error | null = null;
  writes = 0;

  read(): Document | undefined {
    if (this.readFailure !== null) throw this.readFailure;
    return this.document;
  }

  write(document: Document): void {
    if (this.writeFailure !== null) throw this.writeFailure;
    this.writes += 1;
    this.document = document;
  }
}
