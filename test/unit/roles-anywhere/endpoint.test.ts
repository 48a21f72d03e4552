import { describe, expect, it } from 'vitest';
import {
  parseEndpointUrl,
  resolveEndpoint,
  type EndpointEnvironment,
} from '../../../src/main/roles-anywhere/endpoint.ts';
import { findPartition } from '../../../src/main/roles-anywhere/partition.ts';

const none: EndpointEnvironment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };

function endpointOf(
  partition: string,
  region: string,
  fields: { endpoint?: string; fips?: boolean; dualstack?: boolean } = {},
  environment: EndpointEnvironment = none,
) {
  return resolveEndpoint(
    {
      region,
      endpoint: fields.endpoint ?? null,
      useFipsEndpoint: fields.fips ?? false,
      useDualstackEndpoint: fields.dualstack ?? false,
    },
    findPartition(partition)!,
    environment,
  );
}

describe('AWS’s addresses', () => {
  it.each([
    ['aws', 'eu-west-2', 'rolesanywhere.eu-west-2.amazonaws.com'],
    ['aws-cn', 'cn-north-1', 'rolesanywhere.cn-north-1.amazonaws.com.cn'],
    ['aws-us-gov', 'us-gov-west-1', 'rolesanywhere.us-gov-west-1.amazonaws.com'],
    ['aws-iso', 'us-iso-east-1', 'rolesanywhere.us-iso-east-1.c2s.ic.gov'],
    ['aws-iso-b', 'us-isob-east-1', 'rolesanywhere.us-isob-east-1.sc2s.sgov.gov'],
    ['aws-iso-e', 'eu-isoe-west-1', 'rolesanywhere.eu-isoe-west-1.cloud.adc-e.uk'],
    ['aws-iso-f', 'us-isof-south-1', 'rolesanywhere.us-isof-south-1.csp.hci.ic.gov'],
    ['aws-eusc', 'eusc-de-east-1', 'rolesanywhere.eusc-de-east-1.amazonaws.eu'],
  ])('in %s, %s', (partition, region, host) => {
    expect(endpointOf(partition, region)).toEqual({
      origin: `https://${host}`,
      host,
      region,
      overridden: false,
    });
  });

  it.each([
    ['aws', 'us-east-1', true, false, 'rolesanywhere-fips.us-east-1.amazonaws.com'],
    ['aws', 'us-east-1', false, true, 'rolesanywhere.us-east-1.api.aws'],
    ['aws', 'us-east-1', true, true, 'rolesanywhere-fips.us-east-1.api.aws'],
    ['aws-us-gov', 'us-gov-west-1', true, false, 'rolesanywhere-fips.us-gov-west-1.amazonaws.com'],
    ['aws-iso-b', 'us-isob-east-1', true, false, 'rolesanywhere-fips.us-isob-east-1.sc2s.sgov.gov'],
    ['aws-cn', 'cn-north-1', false, true, 'rolesanywhere.cn-north-1.api.amazonwebservices.com.cn'],
    ['aws-eusc', 'eusc-de-east-1', false, true, 'rolesanywhere.eusc-de-east-1.api.amazonwebservices.eu'],
    ['aws-us-gov', 'us-gov-west-1', true, true, 'rolesanywhere-fips.us-gov-west-1.api.aws'],
  ])('in %s, %s with FIPS %s and dual-stack %s', (partition, region, fips, dualstack, host) => {
    const byAccount = endpointOf(partition, region, { fips, dualstack });
    expect(byAccount.host).toBe(host);
    // The signature's scope keeps the plain region whatever the host is called.
    expect(byAccount.region).toBe(region);
    const byEnvironment = { ...none, useFips: fips, useDualstack: dualstack };
    expect(endpointOf(partition, region, {}, byEnvironment)).toEqual(byAccount);
  });

  it.each([
    ['aws-cn', 'cn-north-1', { fips: true }, 'no FIPS endpoint in partition aws-cn'],
    ['aws-iso', 'us-iso-east-1', { dualstack: true }, 'no dual-stack endpoint in partition aws-iso'],
    ['aws-iso-f', 'us-isof-east-1', { dualstack: true, fips: true }, 'no dual-stack endpoint'],
  ])('%s has none: %s %j', (partition, region, fields, message) => {
    expect(() => endpointOf(partition, region, fields)).toThrow(
      expect.objectContaining({
        code: 'account-invalid',
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});

describe('an override', () => {
  it.each([
    ['https://proxy.example.com', 'https://proxy.example.com', 'proxy.example.com'],
    ['https://proxy.example.com/', 'https://proxy.example.com', 'proxy.example.com'],
    ['https://proxy.example.com:443', 'https://proxy.example.com', 'proxy.example.com'],
    ['https://proxy.example.com:8443', 'https://proxy.example.com:8443', 'proxy.example.com:8443'],
    ['HTTPS://Proxy.Example.com', 'https://proxy.example.com', 'proxy.example.com'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['http://127.255.3.4', 'http://127.255.3.4', '127.255.3.4'],
    ['http://localhost:1', 'http://localhost:1', 'localhost:1'],
    ['http://[::1]:9', 'http://[::1]:9', '[::1]:9'],
    ['http://[0:0:0:0:0:0:0:1]:9', 'http://[::1]:9', '[::1]:9'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]', '[2001:db8::1]'],
  ])('%s', (endpoint, origin, host) => {
    expect(endpointOf('aws', 'eu-west-2', { endpoint })).toEqual({
      origin,
      host,
      region: 'eu-west-2',
      overridden: true,
    });
  });

  it.each([
    'http://example.com',
    'http://128.0.0.1',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://0.0.0.0',
    'http://[::ffff:127.0.0.1]',
    'http://169.254.169.254',
    'ftp://127.0.0.1',
    'localhost:8080',
    'file:///etc/passwd',
  ])('is not taken in the clear: %s', (endpoint) => {
    expect(() => parseEndpointUrl(endpoint)).toThrow(expect.objectContaining({ code: 'endpoint-insecure' }));
  });

  it.each([
    ['https://user:geheim@example.com', 'user name or password'],
    ['https://user@example.com', 'user name or password'],
    ['https://example.com?x=geheim', 'query'],
    ['https://example.com?', 'query'],
    ['https://example.com#geheim', 'fragment'],
    ['https://example.com/#', 'fragment'],
    ['https://example.com/prefix', 'path “/prefix”'],
    ['https://example.com//', 'path “//”'],
    ['example.com', 'not an address'],
    ['https://', 'not an address'],
    ['https://example.com:99999', 'not an address'],
    ['https://user:geheim@exa mple.com', 'not an address'],
    ['', 'not an address'],
  ])('has nothing but an address in it: %j', (endpoint, message) => {
    const insideOut = expect.objectContaining({
      code: 'account-invalid',
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => parseEndpointUrl(endpoint)).toThrow(insideOut);
    expect(() => parseEndpointUrl(endpoint)).not.toThrow('geheim');
  });

  it('comes from the account, else the environment, else AWS', () => {
    const environment = { ...none, rolesAnywhereUrl: 'https://env.example.com' };
    const own = { endpoint: 'https://own.example.com' };
    expect(endpointOf('aws', 'eu-west-2', own, environment).host).toBe('own.example.com');
    expect(endpointOf('aws', 'eu-west-2', {}, environment)).toMatchObject({
      host: 'env.example.com',
      overridden: true,
    });
    expect(endpointOf('aws', 'eu-west-2', {}, { ...none, rolesAnywhereUrl: '' }).overridden).toBe(false);
  });

  it('of the environment is held to the same rules', () => {
    const environment = { ...none, rolesAnywhereUrl: 'http://example.com' };
    expect(() => endpointOf('aws', 'eu-west-2', {}, environment)).toThrow(
      expect.objectContaining({ code: 'endpoint-insecure' }),
    );
  });

  it('is used as it stands where FIPS or dual-stack are asked for too', () => {
    const fields = { endpoint: 'https://own.example.com', fips: true, dualstack: true };
    expect(endpointOf('aws-cn', 'cn-north-1', fields).host).toBe('own.example.com');
  });
});
