using System.Runtime.InteropServices;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>A call without a client behind it.</summary>
internal sealed class FakeCall : CallContext
{
    public static FakeCall Instance { get; } = new();

    public override ClientIdentity Identity => ClientIdentity.Unknown;

    public override bool IsReadOnly => false;

    public override CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public override IReadOnlyList<SafeHandle> Files => [];

    public override void AddReplyFile(SafeHandle file) => throw new NotSupportedException();
}
