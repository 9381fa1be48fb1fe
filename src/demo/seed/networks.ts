/**
 * The networks of the seed's company. Addresses set aside for documentation would not do: no call over the
 * internet comes from them, and a rule says so.
 */
export const OFFICE = '62.176.96.0/24';
export const CI_RUNNERS = '20.118.40.0/26';
export const VPN = '2a04:4e40:1200::/48';
export const BASTION = '62.176.97.14';
