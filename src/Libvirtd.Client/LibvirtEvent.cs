using Libvirtd.Xdr;

namespace Libvirtd.Client;

/// <summary>A kind of event that can be subscribed to; <c>LibvirtEvents</c> has them all.</summary>
/// <typeparam name="TMessage">What one event carries.</typeparam>
/// <typeparam name="TObject">The kind of object that a subscription can be limited to.</typeparam>
public sealed class LibvirtEvent<TMessage, TObject>
    where TMessage : struct, IXdrValue<TMessage>
    where TObject : struct
{
    internal LibvirtEvent(uint program, int procedure, Func<LibvirtConnection, TObject?, CancellationToken, Task<int>> register,
        Func<LibvirtConnection, int, CancellationToken, Task> deregister)
    {
        Program = program;
        Procedure = procedure;
        Register = register;
        Deregister = deregister;
    }

    internal uint Program { get; }

    internal int Procedure { get; }

    internal Func<LibvirtConnection, TObject?, CancellationToken, Task<int>> Register { get; }

    internal Func<LibvirtConnection, int, CancellationToken, Task> Deregister { get; }
}
