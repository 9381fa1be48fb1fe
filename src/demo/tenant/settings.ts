import { type Call, require } from './call.js';
import { Permission } from './permissions.js';

/** GET /settings/session */
export function getSessionSettings(call: Call) {
  require(call, Permission.readSettings);
  return {
    sessionSettings: {
      ...call.state.data.sessionSettings,
      maxSessionLength: '86400s',
      externalClientsEnabled: false,
      clientIdMetadataDocumentPolicy: 'CLIENT_ID_METADATA_DOCUMENT_POLICY_UNSPECIFIED',
      clientIdApprovalRequestPolicyId: '',
    },
  };
}
