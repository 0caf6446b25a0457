using System.Collections.Immutable;

namespace Libvirtd.Protocol.Tests;

internal static class Programs
{
    public static readonly ImmutableArray<ProcedureInfo>[] All =
        [RemoteProgram.Procedures, QemuProgram.Procedures, LxcProgram.Procedures, AdminProgram.Procedures, KeepaliveProgram.Procedures];
}
