/**
 * AWS's partitions: which regions are theirs (told by form, so that a new region needs no new version) and under which
 * domain their services live (AWS's partitions and endpoint rule set for IAM Roles Anywhere, botocore 1.43).
 */
export interface Partition {
  readonly id: string;
  readonly regions: RegExp;
  /** Domain of its service addresses. */
  readonly suffix: string;
  /** Domain of its dual-stack (IPv4 and IPv6) addresses; null: none is known for IAM Roles Anywhere. */
  readonly dualstackSuffix: string | null;
  /** Whether FIPS addresses can exist there. */
  readonly fips: boolean;
}

const partitions: readonly Partition[] = [
  {
    id: 'aws',
    regions: /^(?!cn-)[a-z]{2}-[a-z]+-\d{1,2}$/,
    suffix: 'amazonaws.com',
    dualstackSuffix: 'api.aws',
    fips: true,
  },
  {
    id: 'aws-cn',
    regions: /^cn-[a-z]+-\d{1,2}$/,
    suffix: 'amazonaws.com.cn',
    dualstackSuffix: 'api.amazonwebservices.com.cn',
    fips: false,
  },
  {
    id: 'aws-us-gov',
    regions: /^us-gov-[a-z]+-\d{1,2}$/,
    suffix: 'amazonaws.com',
    dualstackSuffix: 'api.aws',
    fips: true,
  },
  {
    id: 'aws-iso',
    regions: /^us-iso-[a-z]+-\d{1,2}$/,
    suffix: 'c2s.ic.gov',
    dualstackSuffix: null,
    fips: true,
  },
  {
    id: 'aws-iso-b',
    regions: /^us-isob-[a-z]+-\d{1,2}$/,
    suffix: 'sc2s.sgov.gov',
    dualstackSuffix: null,
    fips: true,
  },
  {
    id: 'aws-iso-e',
    regions: /^eu-isoe-[a-z]+-\d{1,2}$/,
    suffix: 'cloud.adc-e.uk',
    dualstackSuffix: null,
    fips: true,
  },
  {
    id: 'aws-iso-f',
    regions: /^us-isof-[a-z]+-\d{1,2}$/,
    suffix: 'csp.hci.ic.gov',
    dualstackSuffix: null,
    fips: true,
  },
  {
    id: 'aws-eusc',
    regions: /^eusc-[a-z]{2}-[a-z]+-\d{1,2}$/,
    suffix: 'amazonaws.eu',
    dualstackSuffix: 'api.amazonwebservices.eu',
    fips: true,
  },
];

/** The partition of that name (`aws`, `aws-cn` ...); null where AWS has none. */
export function findPartition(id: string): Partition | null {
  return partitions.find((partition) => partition.id === id) ?? null;
}
