// The machines that a site knows, each once, whichever documents speak of it: put together by their identifiers. Pure.
import { type Identifier, normalIdentifier } from '../facts/identifiers.ts';
import { type MachineRecord, machineRecordSchema } from '../policy/machine-record.ts';
import type { AssociationDocument, MachineDocument } from './machine-documents.ts';

export interface KnownMachine {
  readonly identifiers: readonly Identifier[];
  readonly record: MachineRecord;
}

/** What machines.yaml says of one machine, and what the files say that it names. */
export interface DescribedMachine extends MachineDocument {
  /** Base64 of the file's bytes. */
  readonly blob?: string;
}

/** Identifiers to machines. A lookup by several identifiers of one computer finds every machine that one of them names. */
export class MachineRegister {
  readonly #machines: { identifiers: Identifier[]; record: MachineRecord }[] = [];
  readonly #byIdentifier = new Map<string, number>();

  get machines(): readonly KnownMachine[] {
    return this.#machines;
  }

  /** @returns the numbers of the machines that these identifiers name. */
  find(identifiers: readonly Identifier[]): readonly number[] {
    const found = identifiers.flatMap(each => this.#byIdentifier.get(keyOf(each)) ?? []);
    return [...new Set(found)];
  }

  /** @returns the number of the machine that these identifiers name; one that is not known yet becomes known. */
  have(identifiers: readonly Identifier[]): number {
    const at = this.find(identifiers)[0] ?? this.#machines.length;
    const machine = this.#machines[at] ?? { identifiers: [], record: NOTHING };
    this.#machines[at] = machine;
    for (const identifier of identifiers) {
      if (this.#byIdentifier.has(keyOf(identifier))) continue;
      this.#byIdentifier.set(keyOf(identifier), at);
      machine.identifiers.push(identifier);
    }
    return at;
  }

  amend(at: number, more: (record: MachineRecord) => Partial<MachineRecord>): void {
    const machine = this.#machines[at];
    if (machine !== undefined) machine.record = { ...machine.record, ...more(machine.record) };
  }
}

const NOTHING: MachineRecord = machineRecordSchema.parse({ format: 'prestage-machine/1' });

/** @returns a machine's identifiers as machines.yaml or associations.yaml has them. */
export function identifiersIn({
  serial,
  uuid,
  macs = [],
}: Pick<MachineDocument, 'serial' | 'uuid' | 'macs'>): readonly Identifier[] {
  return [
    ...identifier('uuid', uuid),
    ...identifier('serial', serial),
    ...macs.flatMap(mac => identifier('mac', mac)),
  ];
}

/** @returns the identifier that a text is; none for a text that cannot be one of its kind. */
export function identifier(kind: Identifier['kind'], text: string | undefined): readonly Identifier[] {
  const value = text === undefined ? undefined : normalIdentifier(kind, text);
  return value === undefined ? [] : [{ kind, value }];
}

/**
 * The documents are free of mistakes: see machine-issues.ts.
 * @param keyFor the base64 of the store key of an association.
 */
export function knownMachines(
  machines: readonly DescribedMachine[],
  associations: readonly AssociationDocument[],
  keyFor: (association: string) => string,
): MachineRegister {
  const register = new MachineRegister();
  for (const machine of machines) {
    const { name, variables, secret, collections, blob } = machine;
    register.amend(register.have(identifiersIn(machine)), () => ({
      ...(name === undefined ? {} : { name }),
      variables: { ...namingVariable(name, { ...variables, ...secret }), ...variables, ...secret },
      secret: Object.keys(secret),
      collections,
      ...(blob === undefined ? {} : { domainJoinBlob: blob }),
    }));
  }
  for (const { id, from, to, store, method, package: tools } of associations) {
    if (id === undefined) continue;
    const state = { association: id, store, key: keyFor(id), method, ...(tools && { package: tools }) };
    const giver = register.have(identifiersIn(from));
    const taker = register.have(identifiersIn(to));
    register.amend(giver, () => ({ userState: { role: giver === taker ? 'refresh' : 'capture', ...state } }));
    if (giver !== taker) register.amend(taker, () => ({ userState: { role: 'restore', ...state } }));
  }
  return register;
}

/** What Windows Setup goes by; a variable of that name says it more plainly. */
function namingVariable(
  name: string | undefined,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const told = Object.keys(variables).some(each => each.toLowerCase() === 'osdcomputername');
  return name === undefined || told ? {} : { OSDComputerName: name };
}

function keyOf({ kind, value }: Identifier): string {
  return `${kind} ${value}`;
}
