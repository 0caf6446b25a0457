using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class SecretTests : IAsyncDisposable
{
    private static readonly Guid s_uuid = Guid.Parse("00000000-0000-4000-8000-000000000c01");

    private readonly Hypervisor _host = Hypervisor.OpenAsync().Result;

    private static FakeCall Call => Hypervisor.Call;

    private SecretDriver Secrets => _host.Connection.Secrets;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_value_is_given_back_until_the_secret_is_gone()
    {
        SecretRef secret = Define();
        Assert.Equal((ErrorCode.NoSecret, $"Secret not found: secret '{s_uuid}' does not have a value"), Hypervisor.Fails(() => _ = Value(secret)));
        _ = Secrets.SetValue(Call, secret, [1, 0, 2], 0);
        Assert.Equal([1, 0, 2], Value(secret));
        Define(more: "<description>redefined</description>");
        Assert.Equal([1, 0, 2], Value(secret));
        Assert.Contains("redefined", await Secrets.GetXmlDesc(Call, secret, 0), StringComparison.Ordinal);
        _ = Secrets.Undefine(Call, secret);
        Assert.Equal(ErrorCode.NoSecret, Hypervisor.Fails(() => _ = Value(secret)).Code);
        Assert.Equal(["SecretLifecycleEvent", "SecretValueChangedEvent", "SecretLifecycleEvent", "SecretLifecycleEvent"], _host.TakeEvents());
    }

    [Fact]
    public void A_private_secret_stays_private_and_tells_nobody()
    {
        SecretRef secret = Define("private='yes'");
        _ = Secrets.SetValue(Call, secret, [7], 0);
        Assert.Equal((ErrorCode.InvalidSecret, "Invalid secret: secret is private"), Hypervisor.Fails(() => _ = Value(secret)));
        Assert.Equal((ErrorCode.InternalError, "internal error: cannot change private flag on existing secret"), Hypervisor.Fails(() => Define()));
        Assert.Equal(secret, Define("private='yes' ephemeral='yes'"));
    }

    [Fact]
    public async Task A_use_belongs_to_one_secret_and_finds_it()
    {
        SecretRef secret = Define();
        Assert.Equal(secret, await Secrets.LookupByUsage(Call, SecretUsageType.Ceph, "client"));
        Assert.Equal(secret, await Secrets.LookupByUuid(Call, s_uuid));
        Assert.Equal("Secret not found: no secret with matching usage 'other'", Hypervisor.Fails(() => _ = Secrets.LookupByUsage(Call, SecretUsageType.Ceph, "other")).Text);
        Assert.Equal(ErrorCode.NoSecret, Hypervisor.Fails(() => _ = Secrets.LookupByUsage(Call, SecretUsageType.Tls, "client")).Code);
        Assert.Equal($"internal error: a secret with UUID {s_uuid} already defined for use with client",
            Hypervisor.Fails(() => _ = Secrets.DefineXml(Call, "<secret><usage type='ceph'><name>client</name></usage></secret>", 0)).Text);
        Assert.Equal($"internal error: a secret with UUID {s_uuid} is already defined for use with client",
            Hypervisor.Fails(() => Define(name: "changed")).Text);
    }

    [Fact]
    public async Task Many_secrets_have_no_use_at_all()
    {
        for (int i = 0; i < 3; i++)
            _ = await Secrets.DefineXml(Call, "<secret/>", 0);
        Assert.Equal(3, await Secrets.NumOfSecrets(Call));
        Assert.Equal(ErrorCode.NoSecret, Hypervisor.Fails(() => _ = Secrets.LookupByUsage(Call, SecretUsageType.None, "")).Code);
    }

    [Theory]
    [InlineData((ConnectListAllSecretsFlags)0, 2)]
    [InlineData(ConnectListAllSecretsFlags.Ephemeral, 1)]
    [InlineData(ConnectListAllSecretsFlags.NoEphemeral, 1)]
    [InlineData(ConnectListAllSecretsFlags.Private, 0)]
    [InlineData(ConnectListAllSecretsFlags.NoPrivate | ConnectListAllSecretsFlags.Ephemeral, 1)]
    public async Task Lists_are_filtered(ConnectListAllSecretsFlags flags, int count)
    {
        Define();
        _ = await Secrets.DefineXml(Call, "<secret ephemeral='yes'/>", 0);
        Assert.Equal(count, (await Secrets.ListAllSecrets(Call, flags)).Length);
        Assert.Equal("unsupported flags (0x10) in function secretConnectListAllSecrets",
            Hypervisor.Fails(() => _ = Secrets.ListAllSecrets(Call, (ConnectListAllSecretsFlags)16)).Text);
    }

    private SecretRef Define(string attributes = "", string more = "", string name = "client") => Secrets.DefineXml(Call,
        $"<secret {attributes}><uuid>{s_uuid}</uuid>{more}<usage type='ceph'><name>{name}</name></usage></secret>", 0).Result;

    private byte[] Value(SecretRef secret) => Secrets.GetValue(Call, secret, 0).Result;
}
