//! Whom to be to Azure, and where to ask.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// The domains of vaults and of managed HSMs, in Azure's clouds.
const DOMAINS: [&str; 6] = [
    "vault.azure.net",
    "managedhsm.azure.net",
    "vault.azure.cn",
    "managedhsm.azure.cn",
    "vault.usgovcloudapi.net",
    "managedhsm.usgovcloudapi.net",
];

/// Whom to be to Azure, and where to ask.
#[derive(Clone, Debug)]
pub struct AzureConfig {
    /// Whom to be.
    pub credentials: AzureCredentials,
    /// Where tokens are given, `https://login.microsoftonline.com` but for sovereign clouds.
    pub authority: String,
    /// The domains of vaults that a token may be shown to.
    pub domains: Vec<String>,
    /// The address at which all vaults are asked, in place of their own.
    pub endpoint: Option<String>,
    /// The address of the metadata service of the machine; `None` asks none.
    pub metadata: Option<String>,
    /// The address and the secret header at which App Service and its like give tokens.
    pub app_service: Option<(String, Zeroizing<String>)>,
}

/// How to become somebody to Azure. Secrets are not printed.
#[derive(Clone, Default)]
pub enum AzureCredentials {
    /// An application with a secret.
    Secret {
        /// The id of the tenant.
        tenant: String,
        /// The id of the application.
        client: String,
        /// The secret.
        secret: Zeroizing<String>,
    },
    /// An application with a certificate.
    Certificate {
        /// The id of the tenant.
        tenant: String,
        /// The id of the application.
        client: String,
        /// The PEM file of the certificate and its private key.
        file: PathBuf,
    },
    /// The same, as text.
    CertificatePem {
        /// The id of the tenant.
        tenant: String,
        /// The id of the application.
        client: String,
        /// The certificate and its private key, PEM.
        pem: Zeroizing<String>,
    },
    /// An application with the token of another provider, as pods of AKS have it.
    Workload {
        /// The id of the tenant.
        tenant: String,
        /// The id of the application.
        client: String,
        /// The file of the token.
        token_file: PathBuf,
    },
    /// The identity of the machine that we are on.
    Managed {
        /// The id of the identity; `None` is the one of the machine itself.
        client: Option<String>,
    },
    /// Nobody.
    #[default]
    Nobody,
}

impl fmt::Debug for AzureCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.describe())
    }
}

impl AzureCredentials {
    /// Returns who this is, as a person would say it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Secret { tenant, client, .. }
            | Self::Certificate { tenant, client, .. }
            | Self::CertificatePem { tenant, client, .. }
            | Self::Workload { tenant, client, .. } => {
                format!("the application {client} of the tenant {tenant}")
            }
            Self::Managed { client } => client.as_ref().map_or_else(
                || "the managed identity of this machine".to_owned(),
                |client| format!("the managed identity {client}"),
            ),
            Self::Nobody => "nobody".to_owned(),
        }
    }
}

impl Default for AzureConfig {
    /// Returns one that asks the public cloud, as nobody.
    fn default() -> Self {
        Self {
            credentials: AzureCredentials::default(),
            authority: "https://login.microsoftonline.com".to_owned(),
            domains: DOMAINS.map(str::to_owned).to_vec(),
            endpoint: None,
            metadata: None,
            app_service: None,
        }
    }
}

impl AzureConfig {
    /// Returns what the variables of Azure's SDK say, in the order of its default credentials as far as
    /// they need no other program (`az`). `WINDLASS_AZURE_VAULT_DOMAINS` adds domains of vaults, separated
    /// by commas, and `WINDLASS_AZURE_VAULT_ENDPOINT` replaces the address of all vaults. Empty variables
    /// count as missing.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut config = Self {
            credentials: credentials(get),
            endpoint: get("WINDLASS_AZURE_VAULT_ENDPOINT"),
            metadata: Some(
                get("AZURE_POD_IDENTITY_AUTHORITY_HOST")
                    .unwrap_or_else(|| "http://169.254.169.254".to_owned()),
            ),
            app_service: get("IDENTITY_ENDPOINT").zip(get("IDENTITY_HEADER").map(Zeroizing::new)),
            ..Self::default()
        };
        if let Some(authority) = get("AZURE_AUTHORITY_HOST") {
            config.authority = authority;
        }
        let own = get("WINDLASS_AZURE_VAULT_DOMAINS").unwrap_or_default();
        let own = own
            .split(',')
            .map(str::trim)
            .filter(|domain| !domain.is_empty());
        config.domains.extend(own.map(str::to_owned));
        config
    }
}

fn credentials(get: impl Fn(&str) -> Option<String>) -> AzureCredentials {
    let managed = || AzureCredentials::Managed {
        client: get("AZURE_CLIENT_ID"),
    };
    let (Some(tenant), Some(client)) = (get("AZURE_TENANT_ID"), get("AZURE_CLIENT_ID")) else {
        return managed();
    };
    if let Some(secret) = get("AZURE_CLIENT_SECRET") {
        return AzureCredentials::Secret {
            tenant,
            client,
            secret: secret.into(),
        };
    }
    if let Some(file) = get("AZURE_CLIENT_CERTIFICATE_PATH") {
        return AzureCredentials::Certificate {
            tenant,
            client,
            file: file.into(),
        };
    }
    match get("AZURE_FEDERATED_TOKEN_FILE") {
        Some(token_file) => AzureCredentials::Workload {
            tenant,
            client,
            token_file: token_file.into(),
        },
        None => managed(),
    }
}
