using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The secrets of a host: by the rules of upstream's secret driver, since its test driver has none.</summary>
internal sealed class TestSecrets(TestHost host)
{
    private readonly Lock _lock = new();
    private ImmutableSortedDictionary<Guid, TestSecret> _table = ImmutableSortedDictionary<Guid, TestSecret>.Empty;

    /// <summary>All secrets by uuid.</summary>
    public ImmutableSortedDictionary<Guid, TestSecret> All => Volatile.Read(ref _table);

    /// <exception cref="VirException">VIR_ERR_NO_SECRET.</exception>
    public TestSecret Get(Guid uuid) => All.GetValueOrDefault(uuid) ?? throw NoSecret($"no secret with matching uuid '{uuid:D}'");

    /// <exception cref="VirException">VIR_ERR_NO_SECRET.</exception>
    public TestSecret Get(SecretUsageType usage, string id) => Find(usage, id) ?? throw NoSecret($"no secret with matching usage '{id}'");

    /// <summary>Defines a secret. One that is known may change, but for its use, and private ones stay private; it keeps its value.</summary>
    public SecretRef Define(string xml, bool validate)
    {
        TestSecret secret = new(SecretDocument.Parse(xml, new DocumentOptions { Validate = validate, NewUuid = host.Identities.NextUuid }));
        lock (_lock)
        {
            if (All.GetValueOrDefault(secret.Ref.Uuid) is { } known)
            {
                if (known.Document.UsageId != secret.Document.UsageId)
                    throw Internal($"a secret with UUID {known.Ref.Uuid:D} is already defined for use with {known.Document.UsageId ?? "(null)"}");
                if (known.Document.IsPrivate && !secret.Document.IsPrivate)
                    throw Internal("cannot change private flag on existing secret");
                secret = secret with { Value = known.Value };
            }
            else if (Find(secret.Usage, secret.Document.UsageId) is { } other)
            {
                throw Internal($"a secret with UUID {other.Ref.Uuid:D} already defined for use with {secret.Document.UsageId}");
            }

            Publish(All.SetItem(secret.Ref.Uuid, secret));
            Raise(secret, SecretEventLifecycleType.Defined);
            return secret.Ref;
        }
    }

    public void Undefine(Guid uuid)
    {
        lock (_lock)
        {
            TestSecret secret = Get(uuid);
            Publish(All.Remove(uuid));
            Raise(secret, SecretEventLifecycleType.Undefined);
        }
    }

    /// <summary>Gives a secret its value; the array is kept as it is.</summary>
    public void SetValue(Guid uuid, byte[] value)
    {
        lock (_lock)
        {
            TestSecret secret = Get(uuid);
            Publish(All.SetItem(uuid, secret with { Value = value }));
            if (host.Events.HasListeners)
                host.Events.Raise(new SecretValueChangedEvent { Secret = secret.Ref });
        }
    }

    /// <summary>A secret's value, which no client is told where the secret is private.</summary>
    public byte[] GetValue(Guid uuid)
    {
        TestSecret secret = Get(uuid);
        if (secret.Document.IsPrivate)
            throw VirException.Of(ErrorCode.InvalidSecret, ErrorDomain.Secret, "secret is private");
        return secret.Value ?? throw NoSecret($"secret '{uuid:D}' does not have a value");
    }

    private TestSecret? Find(SecretUsageType usage, string? id) => All.Values.FirstOrDefault(one => one.IsFor(usage, id));

    private void Publish(ImmutableSortedDictionary<Guid, TestSecret> table) => Volatile.Write(ref _table, table);

    private void Raise(TestSecret secret, SecretEventLifecycleType type)
    {
        if (host.Events.HasListeners)
            host.Events.Raise(new SecretLifecycleEvent { Secret = secret.Ref, Event = (int)type, Detail = 0 });
    }

    private static VirException NoSecret(string detail) => VirException.Of(ErrorCode.NoSecret, ErrorDomain.Secret, detail);

    private static VirException Internal(string detail) => VirException.Internal(ErrorDomain.Secret, detail);
}
