using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Secrets of <c>test:///</c>. Upstream's test driver has none: what is known of them is what its secret driver does.</summary>
internal sealed class TestSecretDriver(TestSecrets secrets) : SecretDriver
{
    private const ConnectListAllSecretsFlags AllFilters = ConnectListAllSecretsFlags.Ephemeral | ConnectListAllSecretsFlags.NoEphemeral
        | ConnectListAllSecretsFlags.Private | ConnectListAllSecretsFlags.NoPrivate;

    public override ValueTask<int> NumOfSecrets(CallContext call) => new(secrets.All.Count);

    public override ValueTask<string[]> ListSecrets(CallContext call) => new([.. secrets.All.Keys.Select(static uuid => uuid.ToString("D"))]);

    public override ValueTask<SecretRef[]> ListAllSecrets(CallContext call, ConnectListAllSecretsFlags flags)
    {
        Check((uint)flags, (uint)AllFilters, "secretConnectListAllSecrets");
        List<SecretRef> found = [];
        foreach (TestSecret secret in secrets.All.Values)
        {
            if (Passes(flags, ConnectListAllSecretsFlags.Ephemeral, ConnectListAllSecretsFlags.NoEphemeral, secret.Document.IsEphemeral)
                && Passes(flags, ConnectListAllSecretsFlags.Private, ConnectListAllSecretsFlags.NoPrivate, secret.Document.IsPrivate))
            {
                found.Add(secret.Ref);
            }
        }

        return new(found.ToArray());
    }

    public override ValueTask<SecretRef> LookupByUuid(CallContext call, Guid uuid) => new(secrets.Get(uuid).Ref);

    public override ValueTask<SecretRef> LookupByUsage(CallContext call, SecretUsageType usageType, string usageID) => new(secrets.Get(usageType, usageID).Ref);

    public override ValueTask<SecretRef> DefineXml(CallContext call, string xml, SecretDefineFlags flags)
    {
        Check((uint)flags, (uint)SecretDefineFlags.Validate, "secretDefineXML");
        return new(secrets.Define(xml, flags.HasFlag(SecretDefineFlags.Validate)));
    }

    public override ValueTask Undefine(CallContext call, SecretRef secret)
    {
        secrets.Undefine(secret.Uuid);
        return default;
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, SecretRef secret, uint flags)
    {
        Check(flags, 0, "secretGetXMLDesc");
        return new(secrets.Get(secret.Uuid).Xml);
    }

    public override ValueTask SetValue(CallContext call, SecretRef secret, byte[] value, uint flags)
    {
        Check(flags, 0, "secretSetValue");
        secrets.SetValue(secret.Uuid, value);
        return default;
    }

    public override ValueTask<byte[]> GetValue(CallContext call, SecretRef secret, uint flags)
    {
        Check(flags, 0, "secretGetValue");
        return new(secrets.GetValue(secret.Uuid));
    }

    private static void Check(uint flags, uint known, string function) => FlagCheck.Require(flags, known, function, ErrorDomain.Secret);

    private static bool Passes(ConnectListAllSecretsFlags flags, ConnectListAllSecretsFlags yes, ConnectListAllSecretsFlags no, bool value) =>
        ListFilter.Passes((uint)flags, (uint)yes, (uint)no, value);
}
